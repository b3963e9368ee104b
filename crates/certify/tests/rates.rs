//! Certified rates against closed forms, and what must not be certified.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests are outside what clippy knows to be a test

use dinlab_certify::{
    lyapunov::{
        certificate::{Exact, RateCertificate},
        flow::Flow,
        search::{continuous, discrete, flow_limit, sector, Precision},
        Condition, Family,
    },
    rational, CertificateFile, Rational,
};

const FINE: Precision = Precision { width: 1e-7, certify: true };

/// What rounding to fractions may cost: at the best rate the inequalities have no interior, and rounding needs one. The bound is that
/// of the check `certified-known-rates`; that no rate is below the truth has no tolerance.
const LOSS: f64 = 2e-6;

fn class(mu: &str, l: &str) -> Condition {
    Condition::new(rational::parse(mu).unwrap(), rational::parse(l).unwrap()).unwrap()
}

fn rho(family: &Family, class: &Condition) -> Option<f64> {
    discrete(family, class, FINE).certified.map(|rate| rational::float_above(&rate.rate))
}

#[test]
fn tuned_gradient_descent_and_triple_momentum_have_their_rates() {
    for (mu, root) in [("1/4", 0.5), ("1/25", 0.2), ("1/100", 0.1)] {
        let c = class(mu, "1");
        let kappa: f64 = 1.0 / rational::float(&c.convexity);
        let h = Rational::from(2) / (&c.convexity + &c.smoothness);
        let found = rho(&Family::gradient_descent(&h), &c).unwrap();
        let closed = (kappa - 1.0) / (kappa + 1.0);
        assert!(found >= closed && found < closed + LOSS, "{found} {closed}");
        let found = rho(&Family::triple_momentum(&c), &c).unwrap();
        assert!(found >= 1.0 - root && found < 1.0 - root + LOSS, "{found} {root}");
    }
}

/// A finer bracket must not end in a worse rate than a part of 1 − ρ that rounding explains, and slow methods count in parts
/// of their own rate.
#[test]
fn precision_is_relative_and_finer_is_not_worse() {
    let gap = |mu: &str, width: f64| {
        let c = class(mu, "1");
        let found = discrete(&Family::triple_momentum(&c), &c, Precision { width, certify: true });
        1.0 - rational::float_above(&found.certified.unwrap().rate)
    };
    for mu in ["1/25", "1/10000"] {
        let (coarse, fine) = (gap(mu, 1e-4), gap(mu, 1e-8));
        assert!(fine > coarse * (1.0 - 2e-5), "{mu}: {fine} {coarse}");
    }
    let c = class("1e-6", "1");
    let found = continuous(&Flow::Gradient, &c, FINE).certified.unwrap();
    let r = rational::float_below(&found.rate);
    assert!(r <= 1e-6 && r > 0.9999e-6, "{r}");
}

/// Where the slower root is double it is −α/2 exactly; what is printed must not lie below it.
#[test]
fn limits_on_quadratics_are_rounded_outward() {
    let number = |text: &str| rational::parse(text).unwrap();
    let flow = Flow::Din { alpha: number("0.2"), beta: Rational::ZERO };
    let limit = flow_limit(&flow, &class("0.01", "1"));
    assert!((0.1..0.1 + 1e-12).contains(&limit), "{limit}");
    let c = class("1/25", "1");
    let radius = Family::triple_momentum(&c).spectral_radius(&c);
    assert!(radius <= 0.8 && radius > 0.8 - 1e-7, "{radius}");
}

/// 0.64 of AutoLyap's example came out as 0.6399999825 there.
#[test]
fn no_rate_is_below_the_truth() {
    for (mu, l, h) in [("0.2", "1", "1"), ("1", "10", "0.05"), ("3", "7", "0.2"), ("1", "1000", "0.0019")] {
        let c = class(mu, l);
        let step = rational::parse(h).unwrap();
        let end = |x: &Rational| {
            let d = Rational::ONE - x * &step;
            if d < Rational::ZERO {
                -d
            } else {
                d
            }
        };
        let (a, b) = (end(&c.convexity), end(&c.smoothness));
        let truth = if a > b { a } else { b };
        let found = discrete(&Family::gradient_descent(&step), &c, FINE).certified.unwrap().rate;
        assert!(found >= truth, "{h}");
        assert!(rational::float(&(found - truth)) < 1e-5, "{h}");
    }
}

#[test]
fn heavy_ball_tuned_for_quadratics_is_certified_for_small_condition_numbers_only() {
    let tuned = |c: &Condition| {
        let (one, q) = (Rational::ONE, c.inverse_root());
        let plus = &one + &q;
        Family::heavy_ball(&(Rational::from(4) / plus.sqr()), &((&one - &q) / &plus).sqr())
    };
    let c = class("1/10", "1");
    assert!(rho(&tuned(&c), &c).unwrap() < 1.0);
    let c = class("1/25", "1");
    assert_eq!(rho(&tuned(&c), &c), None, "a cycle exists");
}

#[test]
fn the_sector_alone_is_weaker() {
    let c = class("1/10", "1");
    let tmm = Family::triple_momentum(&c);
    assert!(sector(&tmm, &c, FINE).certified.is_none());
    let h = Rational::from(2) / (&c.convexity + &c.smoothness);
    let found = sector(&Family::gradient_descent(&h), &c, FINE).certified.unwrap();
    // The state has the velocity, whose weight must grow like 1/(ρ − 9/11): near 9/11 there is no room for rounding.
    let excess = rational::float(&found.rate) - 9.0 / 11.0;
    assert!((0.0..1e-3).contains(&excess), "{excess}");
}

#[test]
fn steps_beyond_stability_have_no_rate() {
    let c = class("1/10", "1");
    assert_eq!(rho(&Family::gradient_descent(&rational::parse("2.1").unwrap()), &c), None);
    let at_two = Family::gradient_descent(&Rational::from(2));
    assert_eq!(rho(&at_two, &c), None);
}

#[test]
fn flows_have_their_rates() {
    let c = class("1/25", "1");
    let r = |flow: &Flow| continuous(flow, &c, FINE).certified.map(|rate| rational::float_below(&rate.rate));
    let gradient = r(&Flow::Gradient).unwrap();
    assert!(gradient <= 0.04 && gradient > 0.04 - 1e-5, "{gradient}");
    // Polyak's α = 2√μ: V contracts at √μ, the distance at √μ/2 at least, at √μ at most (quadratics).
    let friction = Flow::Din { alpha: rational::parse("0.4").unwrap(), beta: Rational::ZERO };
    let found = r(&friction).unwrap();
    // A double root: its rounding is √ε.
    assert!((flow_limit(&friction, &c) - 0.2).abs() < 1e-7);
    assert!((0.1 - 1e-6..=0.2).contains(&found), "{found}");
}

#[test]
fn rate_certificates_hold_and_cannot_be_bettered() {
    let c = class("1/25", "1");
    let family = Family::triple_momentum(&c);
    let rate = discrete(&family, &c, FINE).certified.unwrap();
    let mut made = RateCertificate::new(&Exact::Discrete(family), &c, &rate);
    made.verify().unwrap();
    let lower = &rate.rate - &rate.rate * rational::parse("1e-6").unwrap();
    // The equation between p and the multipliers contains the rate: no other rate goes with them.
    made.rate = lower.to_string();
    assert!(made.verify().unwrap_err().to_string().contains("hash"));
    made.hash = made.digest();
    assert!(made.verify().is_err());
    let good = made.variables.clone();
    made.rate = rate.rate.to_string();
    for i in 0..good.len() {
        made.variables = good.clone();
        // V is scaled so that it has room of a few units: a hundredth of a number is more than all of it.
        let value = rational::parse(&good[i]).unwrap();
        made.variables[i] =
            (&value - value.sqr() / rational::parse("100").unwrap() - Rational::ONE).to_string();
        made.hash = made.digest();
        assert!(made.verify().is_err(), "{} may be changed", made.names[i]);
    }
}
