use super::*;
use crate::plane::Axis;

static NEVER: AtomicBool = AtomicBool::new(false);

fn axis(name: &str, from: f64, to: f64, cells: usize) -> Axis {
    Axis { name: name.into(), from, to, log: true, cells }
}

fn fixed(alpha: f64, beta: f64, step_size: f64, eigenvalues: &[f64]) -> Fixed {
    Fixed { alpha, beta, step_size, eigenvalues: eigenvalues.to_vec() }
}

#[test]
fn planes_agree_with_the_closed_form_and_their_boundary_is_found() {
    let cases = [
        ("step-size", "eigenvalue", fixed(1.0, 0.1, f64::NAN, &[])),
        ("alpha", "beta", fixed(f64::NAN, f64::NAN, 0.15, &[5.0])),
        ("beta", "step-size", fixed(0.5, f64::NAN, f64::NAN, &[0.3, 4.0, 60.0])),
        ("alpha", "step-size", fixed(f64::NAN, 0.0, f64::NAN, &[2.0])),
    ];
    for (x, y, fixed) in cases {
        for quantity in [Quantity::Stability, Quantity::Rate, Quantity::Oscillation] {
            // Two of them run every cell.
            let (nx, ny) = if quantity == Quantity::Stability { (120, 110) } else { (40, 37) };
            let plane = Plane { x: axis(x, 1e-2, 1e2, nx), y: axis(y, 1e-2, 1e2, ny) };
            let map = map(quantity, &plane, &fixed, 1e-6, &NEVER).unwrap();
            assert_eq!(map.mismatches.compared, (nx * ny) as u64);
            assert_eq!(map.mismatches.count, 0, "{quantity:?} {x} {y}: {:?}", map.mismatches.listed);
            for point in &map.boundary {
                assert!(point.error <= 1e-6);
                let distance = point.distance.unwrap_or(f64::INFINITY);
                assert!(distance <= 2e-6, "{quantity:?} {x} {y}: {point:?}");
            }
        }
    }
}

#[test]
fn an_island_is_on_the_map() {
    let plane = Plane { x: axis("step-size", 2.5, 3.5, 41), y: axis("eigenvalue", 0.1, 1.0, 200) };
    let map = map(Quantity::Stability, &plane, &fixed(1.0, 0.1, f64::NAN, &[]), 1e-4, &NEVER).unwrap();
    // γ = 3: stable exactly in (5/21, 10/29).
    let column = 20;
    let stable: Vec<f64> =
        (0..200).filter(|j| map.class[j * 41 + column] == Some(0)).map(|j| plane.y.centre(j)).collect();
    let gamma = plane.x.centre(column);
    assert!((gamma - 3.0).abs() < 0.1);
    assert!(!stable.is_empty() && stable[0] > 0.2 && stable[stable.len() - 1] < 0.4, "{stable:?}");
    assert!(!map.boundary.is_empty() && map.curves.len() == 2);
}

#[test]
fn a_wrong_prediction_would_be_counted() {
    // The comparison itself: one class and one number changed.
    let plane = Plane { x: axis("step-size", 0.01, 1.0, 20), y: axis("eigenvalue", 0.1, 100.0, 20) };
    let fixed = fixed(0.5, 0.1, f64::NAN, &[]);
    let slots = Slots::of(&plane).unwrap();
    let map = map(Quantity::Stability, &plane, &fixed, 1e-2, &NEVER).unwrap();
    let mut theory: Vec<(Option<u8>, f64)> =
        map.class.iter().copied().zip(map.predicted.iter().copied()).collect();
    theory[7].1 += 1e-3;
    theory[9].0 = Some(3);
    let found = compare(Quantity::Stability, &plane, slots, &fixed, &map.class, &map.value, &theory);
    assert_eq!(found.count, 2, "{found:?}");
}

#[test]
fn bad_numbers_are_refused() {
    let plane = Plane { x: axis("alpha", 0.1, 1.0, 5), y: axis("beta", 0.1, 1.0, 5) };
    assert!(map(Quantity::Stability, &plane, &fixed(0.0, 0.0, f64::NAN, &[1.0]), 0.1, &NEVER).is_err());
    assert!(map(Quantity::Stability, &plane, &fixed(0.0, 0.0, 0.1, &[]), 0.1, &NEVER).is_err());
    let negative =
        Plane { x: Axis { from: -1.0, log: false, ..axis("alpha", 0.1, 1.0, 5) }, ..plane.clone() };
    assert!(map(Quantity::Stability, &negative, &fixed(0.0, 0.0, 0.1, &[1.0]), 0.1, &NEVER).is_err());
    let unknown = Plane { x: axis("momentum", 0.1, 1.0, 5), ..plane };
    assert!(matches!(
        map(Quantity::Rate, &unknown, &fixed(0.0, 0.0, 0.1, &[1.0]), 0.1, &NEVER),
        Err(MapError::UnknownAxis { .. })
    ));
}
