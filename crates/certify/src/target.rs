//! Classes by name, with their constants.

use std::collections::BTreeMap;

use crate::{class::Class, error::CertifyError, number::Rational, rational, setting::Target};

/// A name on the command line.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The name.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// Constants, the first always needed unless it has a default.
    pub constants: &'static [&'static str],
}

/// All classes, in the order of `dinlab certify classes`.
pub const ALL: &[Entry] = &[
    Entry { name: "smooth-convex", about: "convex with L-Lipschitz gradient", constants: &["smoothness"] },
    Entry {
        name: "smooth-strongly-convex",
        about: "mu-strongly convex with L-Lipschitz gradient",
        constants: &["smoothness", "convexity"],
    },
    Entry {
        name: "smooth",
        about: "L-Lipschitz gradient, bounded below, not necessarily convex",
        constants: &["smoothness"],
    },
    Entry { name: "convex", about: "convex, subgradients", constants: &[] },
    Entry { name: "strongly-convex", about: "mu-strongly convex, subgradients", constants: &["convexity"] },
    Entry {
        name: "convex-lipschitz",
        about: "convex with subgradients of norm at most M",
        constants: &["lipschitz"],
    },
    Entry {
        name: "quadratic",
        about: "<x, Qx>/2 with spectrum of Q in [mu, L]",
        constants: &["smoothness", "convexity"],
    },
    Entry {
        name: "smooth-lojasiewicz",
        about: "L-Lipschitz gradient and f - f* <= |grad f|^2/(2 mu); upper bounds",
        constants: &["smoothness", "convexity"],
    },
    Entry {
        name: "smooth-convex-quadratic-growth",
        about: "convex, L-Lipschitz gradient, f - f* >= mu |x - x*|^2/2; upper bounds",
        constants: &["smoothness", "convexity"],
    },
    Entry {
        name: "composite",
        about: "f + h, f convex (mu) with L-Lipschitz gradient, h convex with a proximal step",
        constants: &["smoothness", "convexity"],
    },
    Entry {
        name: "relatively-smooth",
        about: "f convex, Lh - f convex for a reference function h",
        constants: &["smoothness"],
    },
];

/// The entry of a name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}

/// Constants by name.
pub type Constants = BTreeMap<String, Rational>;

/// The class `name` with its constants. L = 1 and M = 1 where they are not given; μ has no default except 0 for
/// `composite` and `quadratic`.
///
/// # Errors
/// Unknown names; constants that are missing, foreign, or out of order (0 ≤ μ < L).
pub fn build(name: &str, given: &Constants) -> Result<(Target, Constants), CertifyError> {
    let entry = find(name).ok_or_else(|| CertifyError::UnknownClass { name: name.into() })?;
    let class_error = |constant: &str, state: &'static str| CertifyError::ConstantOfClass {
        class: name.into(),
        name: constant.into(),
        state,
        expected: entry.constants,
    };
    if let Some(other) = given.keys().find(|key| !entry.constants.contains(&key.as_str())) {
        return Err(class_error(other, "not among its constants"));
    }
    let mut all = Constants::new();
    for &constant in entry.constants {
        let default = match (constant, name) {
            ("smoothness" | "lipschitz", _) => Some(Rational::ONE),
            (_, "composite" | "quadratic") => Some(Rational::ZERO),
            _ => None,
        };
        let value =
            given.get(constant).cloned().or(default).ok_or_else(|| class_error(constant, "missing"))?;
        let positive = constant != "convexity"
            || !matches!(name, "composite" | "quadratic" | "smooth-strongly-convex" | "strongly-convex");
        if value < Rational::ZERO || (positive && value.is_zero()) {
            return Err(out_of_range(
                constant,
                &value,
                if positive { "a number greater than 0" } else { "a number of at least 0" },
            ));
        }
        all.insert(constant.to_owned(), value);
    }
    let get = |constant: &str| all.get(constant).cloned().unwrap_or(Rational::ZERO);
    let (l, mu) = (get("smoothness"), get("convexity"));
    if all.contains_key("smoothness") && mu >= l {
        let limit = format!("less than --smoothness {}", show(&l));
        return Err(out_of_range("convexity", &mu, &format!("a number of at least 0 and {limit}")));
    }
    let single = Target::Single;
    let target = match name {
        "smooth-convex" | "smooth-strongly-convex" => {
            single(Class::SmoothStronglyConvex { convexity: mu, smoothness: l })
        }
        "smooth" => single(Class::Smooth { smoothness: l }),
        "convex" | "strongly-convex" => single(Class::Convex { convexity: mu }),
        "convex-lipschitz" => single(Class::ConvexLipschitz { lipschitz: get("lipschitz") }),
        "quadratic" => single(Class::Quadratic { convexity: mu, smoothness: l }),
        "smooth-lojasiewicz" => single(Class::SmoothLojasiewicz { convexity: mu, smoothness: l }),
        "smooth-convex-quadratic-growth" => {
            single(Class::SmoothConvexQuadraticGrowth { convexity: mu, smoothness: l })
        }
        "composite" => Target::Composite {
            smooth: Class::SmoothStronglyConvex { convexity: mu, smoothness: l },
            proximal: Class::Convex { convexity: Rational::ZERO },
        },
        _ => Target::Relative { smoothness: l },
    };
    Ok((target, all))
}

fn out_of_range(name: &str, value: &Rational, expected: &str) -> CertifyError {
    let name = match name {
        "convexity" => "convexity",
        "lipschitz" => "lipschitz",
        _ => "smoothness",
    };
    CertifyError::Constant { name, value: show(value), expected: expected.to_owned() }
}

/// A fraction as people write it: a short decimal where it is one, else p/q.
pub fn show(value: &Rational) -> String {
    let decimal = rational::decimal_above(value, 15);
    match rational::parse(&decimal) {
        Ok(same) if same == *value => decimal,
        _ => value.to_string(),
    }
}
