//! Clarke's subdifferential and D_J against closed forms, sampled gradients and one-dimensional enumeration by hand.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use dinlab_numeric::{norm, Stream};
use dinlab_objective::{
    subdifferential::{critical_set, CriticalSet, Subdifferential, SubdifferentialProblem, ON_KINK},
    Expression, ObjectiveError, Tape,
};

fn tapes(terms: &[&str], variables: &[&str]) -> Vec<Tape> {
    let names: Vec<String> = variables.iter().map(|v| (*v).to_owned()).collect();
    terms.iter().map(|t| Expression::parse(t, Some(&names)).unwrap().tape()).collect()
}

fn at(terms: &[&str], variables: &[&str], x: &[f64]) -> Subdifferential {
    sets(&tapes(terms, variables), x).unwrap()
}

fn sets(tapes: &[Tape], x: &[f64]) -> Result<Subdifferential, ObjectiveError> {
    Subdifferential::at(&tapes.iter().collect::<Vec<_>>(), x, ON_KINK)
}

fn set(terms: &[&str], variables: &[&str]) -> CriticalSet {
    let tapes = tapes(terms, variables);
    critical_set(&tapes.iter().collect::<Vec<_>>()).unwrap()
}

fn interval(polytope: &dinlab_objective::subdifferential::Polytope) -> [f64; 2] {
    [-polytope.support(&[-1.0]), polytope.support(&[1.0])]
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} instead of {expected:?}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{found:?} instead of {expected:?}");
    }
}

#[test]
fn cancelling_kinks_are_seen_by_the_sum_of_subdifferentials_only() {
    let s = at(&["abs(x)", "-abs(x)"], &["x"], &[0.0]);
    assert_eq!((interval(&s.clarke), interval(&s.sum)), ([0.0, 0.0], [-2.0, 2.0]));
    assert_eq!(s.gap(), 2.0);
    let s = at(&["abs(x)", "-abs(x)", "0.5*(x-1)^2"], &["x"], &[0.0]);
    assert_eq!((interval(&s.clarke), interval(&s.sum)), ([-1.0, -1.0], [-3.0, 1.0]));
    assert!(s.d_critical(1e-9) && !s.critical(1e-9));
    // One term, written as such, has no gap.
    let s = at(&["abs(x) - abs(x) + 0.5*(x-1)^2"], &["x"], &[0.0]);
    assert_eq!((s.gap(), interval(&s.sum)), (0.0, [-1.0, -1.0]));
    // Different primitives on one surface.
    let s = at(&["max(x, 0)", "-abs(x)", "min(2*x, 0)"], &["x"], &[0.0]);
    assert_eq!((interval(&s.clarke), interval(&s.sum)), ([0.0, 3.0], [-1.0, 4.0]));
}

#[test]
fn nested_kinks_take_consistent_branches_only() {
    // ||x| - 1| at 0: only the outer branch 1 - |x| touches 0.
    assert_eq!(interval(&at(&["abs(abs(x)-1)"], &["x"], &[0.0]).clarke), [-1.0, 1.0]);
    assert_eq!(interval(&at(&["abs(abs(x))"], &["x"], &[0.0]).clarke), [-1.0, 1.0]);
    // |x + |x|| = 2 max(x, 0): slopes 0 and 2; the branch -(x + |x|) is never taken.
    assert_eq!(interval(&at(&["abs(x+abs(x))"], &["x"], &[0.0]).clarke), [0.0, 2.0]);
    assert_eq!(interval(&at(&["abs(max(x,0)) + x"], &["x"], &[-1.0]).clarke), [1.0, 1.0]);
    // max of three affine functions at their tie.
    let s = at(&["max(max(x, y), -x-y)"], &["x", "y"], &[0.0, 0.0]);
    assert_eq!(s.clarke.vertices().len(), 3);
    // |x| - |y| at the origin: four pieces; |x| + |y| as one term or two, the same square.
    assert_eq!(at(&["abs(x)-abs(y)"], &["x", "y"], &[0.0, 0.0]).clarke.vertices().len(), 4);
    assert_eq!(at(&["abs(x)", "abs(y)"], &["x", "y"], &[0.0, 0.0]).gap(), 0.0);
    // In space: the cube.
    let s = at(&["abs(x)", "abs(y)", "abs(z)"], &["x", "y", "z"], &[0.0; 3]);
    assert_eq!((s.clarke.vertices().len(), s.sum.vertices().len(), s.gap()), (8, 8, 0.0));
}

#[test]
fn the_valley_has_one_vertex_at_the_origin_and_a_segment_on_the_axis() {
    let valley = &["100*(y-abs(x))^2+abs(1-x)"];
    let s = at(valley, &["x", "y"], &[0.0, 0.0]);
    assert_eq!(s.clarke.vertices(), [[-1.0, 0.0]]);
    let w = 0.7;
    let s = at(valley, &["x", "y"], &[0.0, w]);
    assert!((s.clarke.support(&[1.0, 0.0]) - (200.0 * w - 1.0)).abs() < 1e-12);
    assert!((s.clarke.support(&[-1.0, 0.0]) - (200.0 * w + 1.0)).abs() < 1e-12);
    assert!(s.clarke.width(&[0.0, 1.0]) == 0.0);
}

#[test]
fn curved_surfaces_cross_by_their_normals_and_tangent_ones_are_refused() {
    let s = at(&["abs(y-x^2)"], &["x", "y"], &[1.0, 1.0]);
    assert_eq!(s.clarke.vertices().len(), 2);
    assert!(s.clarke.width(&[1.0, 2.0]) < 1e-12);
    // The same curved surface twice.
    let s = at(&["abs(y-x^2) - max(y-x^2, 0)", "x"], &["x", "y"], &[1.0, 1.0]);
    assert_eq!(s.clarke.vertices().len(), 2);
    // Three curves through one point: six cells, not eight.
    let s = at(&["abs(y-x^2)", "abs(y-1-(x-1)^3)", "abs(x^2+y^2-2)"], &["x", "y"], &[1.0, 1.0]);
    assert!(s.gap() < 1e-12);
    let tangent = tapes(&["abs(y)", "abs(y-x^2)"], &["x", "y"]);
    assert!(matches!(
        sets(&tangent, &[0.0, 0.0]),
        Err(ObjectiveError::Subdifferential(SubdifferentialProblem::Tangent { .. }))
    ));
}

#[test]
fn what_is_no_polytope_is_refused() {
    let problem = |terms: &[&str], x: &[f64]| match sets(&tapes(terms, &["x", "y"][..x.len()]), x) {
        Err(ObjectiveError::Subdifferential(problem)) => problem,
        other => panic!("{other:?}"),
    };
    assert!(matches!(problem(&["norm(x,y)"], &[0.0, 0.0]), SubdifferentialProblem::NormVanishes { .. }));
    assert!(matches!(problem(&["sign(x)"], &[0.0]), SubdifferentialProblem::Discontinuous { .. }));
    assert!(matches!(problem(&["sqrt(abs(x))"], &[0.0]), SubdifferentialProblem::NonFinite { .. }));
    assert!(matches!(problem(&["log(x)"], &[-1.0]), SubdifferentialProblem::NonFinite { .. }));
    let one = tapes(&["abs(x)"], &["x"]);
    assert!(sets(&one, &[0.0, 1.0]).is_err() && sets(&[], &[0.0]).is_err());
    let quartic = tapes(&["x^4"], &["x"]);
    assert!(matches!(
        critical_set(&[&quartic[0]]),
        Err(ObjectiveError::Subdifferential(SubdifferentialProblem::NotPiecewiseQuadratic { .. }))
    ));
    // sign(x)*x is |x|.
    assert_eq!(interval(&at(&["sign(x)*x"], &["x"], &[0.0]).clarke), [-1.0, 1.0]);
}

/// Support functions from gradients at random points near x, an estimate from below that uses no cells.
#[test]
fn sets_agree_with_sampled_gradients() {
    let cases: [(&[&str], [f64; 2]); 6] = [
        (&["abs(x)", "-abs(x)", "abs(y-x)"], [0.0, 0.0]),
        (&["max(x, y)", "-2*abs(x-y)", "min(x, 2*y)", "x^2"], [0.0, 0.0]),
        (&["abs(abs(x)-y)", "relu(x-y)", "-abs(x)"], [0.0, 0.0]),
        (&["abs(y-x^2)", "-abs(x-1)", "max(x*y-1, y-1)"], [1.0, 1.0]),
        (&["100*(y-abs(x))^2", "abs(1-x)"], [0.0, -0.4]),
        (&["max(max(x,y),x+y)", "abs(x)*y", "-max(x,-2*x)"], [0.0, 0.0]),
    ];
    let mut stream = Stream::new(0, "sampled", 0);
    for (terms, x) in cases {
        let tapes = tapes(terms, &["x", "y"]);
        let exact = sets(&tapes, &x).unwrap();
        for _ in 0..16 {
            let d = stream.normals(2);
            let (mut whole, mut each) = (f64::NEG_INFINITY, vec![f64::NEG_INFINITY; tapes.len()]);
            for _ in 0..4000 {
                let p: Vec<f64> = x.iter().map(|x| x + 1e-7 * stream.normal()).collect();
                let mut total = 0.0;
                for (tape, best) in tapes.iter().zip(&mut each) {
                    let mut v = [0.0; 2];
                    tape.gradient_with(&p, &mut Default::default(), &mut v);
                    let along = v[0] * d[0] + v[1] * d[1];
                    *best = dinlab_numeric::max(*best, along);
                    total += along;
                }
                whole = dinlab_numeric::max(whole, total);
            }
            let each: f64 = each.iter().sum();
            // Gradients off the point differ by the curvature (at most 200) times the distance.
            assert!((whole - exact.clarke.support(&d)).abs() < 2e-4 * norm(&d), "{terms:?}");
            assert!((each - exact.sum.support(&d)).abs() < 2e-4 * norm(&d), "{terms:?}");
        }
    }
}

#[test]
fn listed_examples_have_their_d_critical_sets() {
    let s = set(&["abs(x)", "-abs(x)", "0.5*(x-1)^2"], &["x"]);
    close(&s.values, &[0.0, 0.5]);
    close(&s.critical_values, &[0.0]);
    assert!(s.points.len() == 2 && s.points.iter().all(|p| p.isolated));
    close(&set(&["abs(x)", "-abs(x)", "0.5*(x-3)^2"], &["x"]).values, &[0.0]);
    // Exactly on the edge of the band, and just beyond it.
    assert_eq!(set(&["2*abs(x)", "-2*abs(x)", "0.5*(x-4)^2"], &["x"]).values.len(), 2);
    assert_eq!(set(&["2*abs(x)", "-2*abs(x)", "0.5*(x-4.001)^2"], &["x"]).values.len(), 1);
    // A line of spurious points and a line of minimisers.
    let line = set(&["abs(x)", "-abs(x)", "0.5*(x-1)^2"], &["x", "y"]);
    close(&line.values, &[0.0, 0.5]);
    assert!(line.points.iter().all(|p| !p.isolated));
    // Oblique: (1/2, 1/2) and (1, 0).
    let oblique = set(&["abs(x-y)", "-abs(x-y)", "0.5*(x-1)^2", "0.5*y^2"], &["x", "y"]);
    close(&oblique.values, &[0.0, 0.25]);
    assert_eq!(oblique.points.len(), 2);
    // Where D_J meets 0 on part of an edge only: |y| - |y| + y·x on y = 0 is D-critical for |x| ≤ 2.
    let part = set(&["abs(y)", "-abs(y)", "x*y"], &["x", "y"]);
    close(&part.values, &[0.0]);
    let ends: Vec<f64> = part.points.iter().map(|p| p.point[0]).collect();
    assert!(ends.first().is_some_and(|e| (e + 2.0).abs() < 1e-9));
    assert!(ends.last().is_some_and(|e| (e - 2.0).abs() < 1e-9));
    let valley = set(&["100*(y-abs(x))^2+abs(1-x)"], &["x", "y"]);
    close(&valley.values, &[0.0]);
    close(&valley.points[0].point, &[1.0, 1.0]);
    // Nothing critical at all; everything critical.
    assert!(set(&["x+abs(y)"], &["x", "y"]).points.is_empty());
    close(&set(&["max(x,0)", "-max(x,0)"], &["x"]).values, &[0.0]);
    close(&set(&["max(1-abs(x),0)"], &["x"]).values, &[0.0, 1.0]);
}

/// A one-dimensional sum Σ cᵢ|x − aᵢ| + h(x − m)²/2 and its D-critical points, computed by hand.
struct Line {
    kinks: Vec<[f64; 2]>,
    curvature: f64,
    centre: f64,
}

impl Line {
    fn random(stream: &mut Stream) -> Self {
        let kinks = (0..2 + stream.below(4)).map(|_| [stream.normal(), stream.uniform(-2.0, 2.0)]);
        Self { kinks: kinks.collect(), curvature: stream.uniform(0.2, 2.0), centre: stream.normal() }
    }
    fn terms(&self, variable: &str) -> Vec<String> {
        let kinks = self.kinks.iter().map(|[c, a]| format!("{c:?}*abs({variable}-({a:?}))"));
        kinks.chain([format!("{:?}*0.5*({variable}-({:?}))^2", self.curvature, self.centre)]).collect()
    }
    fn value(&self, x: f64) -> f64 {
        let smooth = 0.5 * self.curvature * (x - self.centre).powi(2);
        self.kinks.iter().map(|[c, a]| c * (x - a).abs()).sum::<f64>() + smooth
    }
    /// Middle and half-width of D_J(x).
    fn band(&self, x: f64) -> [f64; 2] {
        let mut band = [self.curvature * (x - self.centre), 0.0];
        for [c, a] in &self.kinks {
            if (x - a).abs() < 1e-12 {
                band[1] += c.abs();
            } else {
                band[0] += c * (x - a).signum();
            }
        }
        band
    }
    fn d_critical(&self) -> Vec<f64> {
        let mut points: Vec<f64> = self.kinks.iter().map(|k| k[1]).collect();
        let mut edges = points.clone();
        edges.sort_by(f64::total_cmp);
        edges.insert(0, edges[0] - 100.0);
        edges.push(edges[edges.len() - 1] + 100.0);
        for pair in edges.windows(2) {
            let middle = 0.5 * (pair[0] + pair[1]);
            let root = middle - self.band(middle)[0] / self.curvature;
            if root > pair[0] && root < pair[1] {
                points.push(root);
            }
        }
        points.retain(|&x| {
            let [middle, half] = self.band(x);
            middle.abs() <= half + 1e-10
        });
        points.sort_by(f64::total_cmp);
        points
    }
}

#[test]
fn random_sums_on_the_line_and_their_products_in_the_plane() {
    for trial in 0..60 {
        let mut stream = Stream::new(3, "sums", trial);
        let (f, g) = (Line::random(&mut stream), Line::random(&mut stream));
        let terms = f.terms("x");
        let found = set(&terms.iter().map(String::as_str).collect::<Vec<_>>(), &["x"]);
        let mut points: Vec<f64> = found.points.iter().map(|p| p.point[0]).collect();
        points.sort_by(f64::total_cmp);
        let expected = f.d_critical();
        assert_eq!(points.len(), expected.len(), "{terms:?}");
        assert!(points.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-8), "{terms:?}");
        // f(cx + sy) + g(cy - sx): D_J is a rotated product, so the D-critical set is a product.
        let (c, s) = (0.8, 0.6);
        let mut terms = f.terms(&format!("({c}*x+{s}*y)"));
        terms.extend(g.terms(&format!("({c}*y-{s}*x)")));
        let plane = set(&terms.iter().map(String::as_str).collect::<Vec<_>>(), &["x", "y"]);
        let others = g.d_critical();
        assert_eq!(plane.points.len(), expected.len() * others.len(), "{terms:?}");
        let mut values: Vec<f64> =
            expected.iter().flat_map(|x| others.iter().map(|y| f.value(*x) + g.value(*y))).collect();
        values.sort_by(f64::total_cmp);
        let mut found: Vec<f64> = plane.points.iter().map(|p| p.value).collect();
        found.sort_by(f64::total_cmp);
        assert!(values.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-8), "{terms:?}");
    }
}
