//! Colours that remain distinct under the common forms of colour blindness.

/// Red, green, blue.
pub(crate) type Rgb = [u8; 3];

pub(crate) const BLACK: Rgb = [0, 0, 0];
pub(crate) const WHITE: Rgb = [255, 255, 255];
/// Text.
pub(crate) const INK: Rgb = [34, 34, 34];
/// Secondary text, contour lines, reference slopes.
pub(crate) const GREY: Rgb = [110, 110, 110];
/// Grid lines.
pub(crate) const FAINT: Rgb = [229, 229, 229];
/// Cells of a map without a value.
pub(crate) const MISSING: Rgb = [190, 190, 190];

/// Okabe and Ito, "Color Universal Design" (2008); ordered so that neighbours differ in lightness too. Their yellow is
/// darkened, because a thin yellow line on white paper cannot be seen.
const CYCLE: [Rgb; 8] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [230, 159, 0],
    [86, 180, 233],
    BLACK,
    [168, 150, 0],
];

/// Colour of a palette index; indices wrap around.
pub(crate) fn cycle(index: usize) -> Rgb {
    CYCLE[index % CYCLE.len()]
}

/// Areas of classes: light enough for lines on top, each darker than the one before, so that they differ in grey too.
const AREAS: [Rgb; 8] = [
    [222, 235, 247],
    [253, 208, 162],
    [150, 205, 150],
    [188, 170, 220],
    [95, 165, 215],
    [215, 110, 60],
    [60, 125, 90],
    [95, 70, 140],
];

/// Colour of class `index`; indices wrap around.
pub(crate) fn area(index: usize) -> Rgb {
    AREAS[index % AREAS.len()]
}

/// Nine equally spaced samples of the perceptually uniform map *viridis* (van der Walt and Smith 2015, CC0).
const VIRIDIS: [Rgb; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

/// Colour at `t` in [0, 1], clamped; grey where `t` is not a number.
pub(crate) fn viridis(t: f64) -> Rgb {
    if t.is_nan() {
        return MISSING;
    }
    let position = t.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let left = (position as usize).min(VIRIDIS.len() - 2);
    let weight = position - left as f64;
    std::array::from_fn(|c| {
        let (a, b) = (f64::from(VIRIDIS[left][c]), f64::from(VIRIDIS[left + 1][c]));
        (a + (b - a) * weight).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: Rgb) -> f64 {
        0.2126 * f64::from(color[0]) + 0.7152 * f64::from(color[1]) + 0.0722 * f64::from(color[2])
    }

    #[test]
    fn the_map_gets_lighter_monotonically_so_that_it_survives_grey_print() {
        let light: Vec<f64> = (0..=64).map(|i| luminance(viridis(f64::from(i) / 64.0))).collect();
        assert!(light.windows(2).all(|w| w[1] >= w[0]), "{light:?}");
        assert_eq!(viridis(f64::NAN), MISSING);
        assert_eq!(viridis(-3.0), viridis(0.0));
        assert_eq!(viridis(f64::INFINITY), viridis(1.0));
    }

    #[test]
    fn every_colour_of_the_cycle_is_visible_on_white() {
        assert!((0..8).all(|i| luminance(cycle(i)) < 185.0));
        assert_eq!(cycle(8), cycle(0));
    }
}
