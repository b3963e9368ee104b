//! Reductions against their rows, and against closed forms; the same bytes from threads, shards and interrupted runs.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use dinlab_sweep::{
    merge_reductions,
    reduce::{Bins, Tally},
    Plan, Resolved, SweepError,
};

const PLAN: &str = r#"
objective = "double-well"
steps = 140000
samples = 20
reduce = ["histogram:theta_1:-2:2:7", "grid:alpha,beta:theta_2", "grid:start_theta_1/-1/1.5/5,beta:at", "extremes"]
fixed = { step_size = 0.08 }
axes = [{ name = "alpha", list = [0.2, 1.0, 3.0] }, { name = "beta", linear = [0.0, 2.5, 4] },
        { name = "theta_1", random = [-2.0, 2.0] }, { name = "theta_2", normal = [0.0, 0.3] }]
"#;

fn resolved(text: &str) -> Resolved {
    toml::from_str::<Plan>(text).unwrap().resolve().unwrap()
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn reduce(plan: &Resolved, path: &Path, threads: usize, shard: (u64, u64)) -> Tally {
    let cells = plan.shard(shard.0, shard.1);
    let run = || plan.reduce_into(Some(path), cells, false, &AtomicBool::new(false), &mut |_| {});
    let (tally, ended) = pool(threads).install(run).unwrap();
    ended.unwrap();
    tally
}

#[test]
fn reductions_are_those_of_the_rows() {
    let plan = resolved(PLAN);
    let folder = tempfile::tempdir().unwrap();
    let all = reduce(&plan, &folder.path().join("a"), 2, (0, 1)).reduction;
    let columns = plan.columns();
    let of = |name: &str| columns.iter().position(|known| known == name).unwrap();
    let (theta, other, start, at) = (of("theta_1"), of("theta_2"), of("start_theta_1"), of("at"));
    let mut rows: Vec<Vec<f64>> = Vec::new();
    let keep = |_: u64, some: &[f64]| {
        rows.extend(some.chunks(columns.len()).map(<[f64]>::to_vec));
        Ok(())
    };
    let mut keep = keep;
    plan.run(0..plan.grid.cells(), &AtomicBool::new(false), &mut keep).unwrap();
    assert_eq!((rows.len(), all.totals.rows, all.totals.endings.iter().sum::<u64>()), (240, 240, 240));
    // Some runs end early: otherwise the test would not see that they are counted.
    assert!(all.totals.endings[0] > 0 && all.totals.endings[0] < 240, "{:?}", all.totals.endings);
    for (column, extreme) in all.totals.extremes.iter().enumerate() {
        let finite = || rows.iter().map(|row| row[column]).filter(|x| x.is_finite());
        assert_eq!(extreme.least, finite().fold(f64::INFINITY, dinlab_numeric::min));
        assert_eq!(extreme.largest, finite().fold(f64::NEG_INFINITY, dinlab_numeric::max));
        let first = |x: f64| rows.iter().position(|row| row[column] == x).unwrap() as u64;
        assert_eq!(
            (extreme.least_cell, extreme.largest_cell),
            (first(extreme.least), first(extreme.largest))
        );
        assert_eq!(extreme.not_finite as usize, 240 - finite().count());
    }
    let histogram = &all.histograms[0];
    for (bin, count) in histogram.counts.iter().enumerate() {
        let inside = |x: f64| x >= histogram.bins.edge(bin) && x < histogram.bins.edge(bin + 1);
        assert_eq!(*count as usize, rows.iter().filter(|row| inside(row[theta])).count());
    }
    assert_eq!(histogram.counts.iter().sum::<u64>() + histogram.below + histogram.above, 240);
    // Means: the rounding of a plain sum is at most n·ε times the sum of sizes.
    let spot_is = |spot: &dinlab_sweep::reduce::Spot, numbers: &[f64]| {
        let finite: Vec<f64> = numbers.iter().copied().filter(|x| x.is_finite()).collect();
        assert_eq!(
            (spot.count as usize, spot.not_finite as usize),
            (finite.len(), numbers.len() - finite.len())
        );
        assert_eq!(spot.least, finite.iter().copied().fold(f64::INFINITY, dinlab_numeric::min));
        assert_eq!(spot.largest, finite.iter().copied().fold(f64::NEG_INFINITY, dinlab_numeric::max));
        let n = finite.len() as f64;
        let sizes: f64 = finite.iter().map(|x| x.abs()).sum();
        let mean = finite.iter().sum::<f64>() / n;
        assert!(n == 0.0 || (spot.mean() - mean).abs() <= f64::EPSILON * sizes, "{} {mean}", spot.mean());
    };
    let plane = &all.planes[0];
    assert_eq!((plane.shape(), plane.values(0), plane.outside), ([3, 4], vec![0.2, 1.0, 3.0], 0));
    for (i, spot) in plane.spots.iter().enumerate() {
        let part: Vec<f64> = rows[20 * i..20 * (i + 1)].iter().map(|row| row[other]).collect();
        spot_is(spot, &part);
    }
    let plane = &all.planes[1];
    let bins = Bins::parse("x", &["-1", "1.5", "5"]).unwrap();
    let beta = plane.values(1);
    for (i, spot) in plane.spots.iter().enumerate() {
        let here = |row: &&Vec<f64>| bins.place(row[start]) == Some(i / 4) && row[of("beta")] == beta[i % 4];
        spot_is(spot, &rows.iter().filter(here).map(|row| row[at]).collect::<Vec<_>>());
    }
    let outside = rows.iter().filter(|row| bins.place(row[start]).is_none()).count();
    assert_eq!((plane.outside as usize, outside > 0), (outside, true));
}

#[test]
fn means_over_a_grid_have_their_closed_form() {
    // One step of gradient descent on λx²/2: x = (1 − γλ)x₀, and the x₀ of the list have the mean 1.
    let plan = resolved(
        r#"
objective = "expr:lambda*x^2/2"
parameters = ["lambda"]
method = "gradient-descent"
steps = 1
reduce = ["grid:lambda,step_size:theta_2"]
axes = [{ name = "lambda", list = [0.5, 2.0, 4.0] }, { name = "theta_2", list = [-1.0, 0.5, 1.5, 3.0] },
        { name = "step_size", list = [0.25, 0.5] }]
"#,
    );
    let folder = tempfile::tempdir().unwrap();
    let all = reduce(&plan, &folder.path().join("a"), 1, (0, 1)).reduction;
    let means: Vec<f64> = all.planes[0].spots.iter().map(|spot| spot.mean()).collect();
    assert_eq!(means, [0.875, 0.75, 0.5, 0.0, 0.0, -1.0]);
    assert!(all.planes[0].spots.iter().all(|spot| spot.count == 4));
}

#[test]
fn threads_shards_and_interruptions_leave_the_bytes_as_they_are() {
    let plan = resolved(PLAN);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    reduce(&plan, &file("one"), 1, (0, 1));
    let whole = fs::read(file("one")).unwrap();
    reduce(&plan, &file("three"), 3, (0, 1));
    assert!(whole == fs::read(file("three")).unwrap());
    let shards: Vec<_> = (0..4).map(|i| file(&format!("shard{i}"))).collect();
    for i in [2, 0, 3, 1] {
        reduce(&plan, &shards[i as usize], 2, (i, 4));
    }
    merge_reductions(&[&shards[3], &shards[1], &shards[0], &shards[2]].map(Clone::clone), false)
        .unwrap()
        .write(&file("merged"))
        .unwrap();
    assert!(whole == fs::read(file("merged")).unwrap());
    // Missing, twice, foreign.
    let refused = |paths: &[usize]| {
        let paths: Vec<_> = paths.iter().map(|i| shards[*i].clone()).collect();
        merge_reductions(&paths, false).unwrap_err().to_string()
    };
    assert!(refused(&[0, 1, 3]).contains("missing"));
    assert!(refused(&[0, 1, 2, 2, 3]).contains("overlap"));
    let foreign = resolved(&PLAN.replace(":7\"", ":8\""));
    reduce(&foreign, &file("foreign"), 2, (0, 1));
    let mixed = merge_reductions(&[file("foreign"), shards[1].clone()], false).unwrap_err();
    assert!(mixed.to_string().contains("another plan"), "{mixed}");
    // Stopped after every chunk, and continued.
    let cells = 0..plan.grid.cells();
    let mut stops = 0;
    for _ in 0..20 {
        let stop = AtomicBool::new(false);
        let mut begun = None;
        let mut progress = |done: u64| {
            let first = *begun.get_or_insert(done);
            stop.store(done > first, Ordering::Relaxed);
        };
        let run = || plan.reduce_into(Some(&file("part")), cells.clone(), true, &stop, &mut progress);
        let (tally, ended) = pool(2).install(run).unwrap();
        match ended {
            Ok(()) => break,
            Err(SweepError::Interrupted) => stops += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(tally.cells() > 0 && !tally.complete());
        assert!(merge_reductions(&[file("part")], false).unwrap_err().to_string().contains("unfinished"));
        assert_eq!(merge_reductions(&[file("part")], true).unwrap().cells(), tally.cells());
    }
    assert!(stops >= 1);
    assert!(whole == fs::read(file("part")).unwrap());
    // A checkpoint of another plan is not gone on with.
    let run = foreign.reduce_into(Some(&file("part")), cells, true, &AtomicBool::new(false), &mut |_| {});
    assert!(run.unwrap_err().to_string().contains("another plan"));
}
