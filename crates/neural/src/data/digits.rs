//! The 8×8 digits that are embedded in `objective`.

use super::{Entry, Part, Targets};
use crate::layer::Shape;

pub(super) const ENTRY: Entry = Entry {
    name: "digits",
    arguments: "",
    summary: "1,797 handwritten digits, 8x8 pixels in [0, 1], 10 classes",
    source: "Alpaydin, Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998, doi:10.24432/C50P49",
    make: |arguments, _| {
        super::numbers::<0>("digits", arguments, [], "digits without arguments")?;
        let set = dinlab_objective::data::digits();
        Ok(Part {
            shape: Shape::new(1, 8, 8),
            // Sixteenths are exact in single precision.
            inputs: set.features.iter().map(|&v| (v / 16.0) as f32).collect(),
            targets: Targets::Classes { labels: set.targets.iter().map(|&t| t as u32).collect(), count: 10 },
        })
    },
};
