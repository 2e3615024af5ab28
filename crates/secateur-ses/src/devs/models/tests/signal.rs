//! Signals, with numbers that binary fractions hold exactly where that is possible.

use super::rows;

/// Times and numbers that a component sends.
fn sent(lines: &str, until: f64, component: &str) -> Vec<(f64, f64)> {
    let rows = rows(lines, until, &[&format!(",{component},send,y,")]);
    let pairs = rows.iter().map(|row| {
        let fields: Vec<&str> = row.split(',').collect();
        (fields[0].parse().unwrap(), fields[4].parse().unwrap())
    });
    pairs.collect()
}

/// Equal up to the rounding of a few additions and divisions.
#[track_caller]
fn close(found: &[(f64, f64)], expect: &[(f64, f64)]) {
    let near =
        |(a, b): (&(f64, f64), &(f64, f64))| (a.0 - b.0).abs() < 1e-12 && (a.1 - b.1).abs() < 1e-12;
    assert!(
        found.len() == expect.len() && found.iter().zip(expect).all(near),
        "{found:?}, expected {expect:?}"
    );
}

#[test]
fn sources_send_once() {
    let lines = "
        a: constant value=3
        b: step value=-2 at=4";
    assert_eq!(sent(lines, 100.0, "a"), [(0.0, 3.0)]);
    assert_eq!(sent(lines, 100.0, "b"), [(4.0, -2.0)]);
    assert_eq!(sent(lines, 3.0, "b"), []);
}

#[test]
fn sums_weigh_what_came_in_last() {
    let lines = "
        a: constant value=3
        b: step value=2 at=4
        c: step value=5 at=6
        less: gain k=-0.5
        all: add inputs=3
        rest: subtract inputs=3
        a.y -> less.u
        b.y -> less.u
        a.y -> all.u1
        b.y -> all.u2
        c.y -> all.u3
        a.y -> rest.u1
        b.y -> rest.u2
        c.y -> rest.u3";
    assert_eq!(sent(lines, 100.0, "less"), [(0.0, -1.5), (4.0, -1.0)]);
    assert_eq!(sent(lines, 100.0, "all"), [(0.0, 3.0), (4.0, 5.0), (6.0, 10.0)]);
    assert_eq!(sent(lines, 100.0, "rest"), [(0.0, 3.0), (4.0, 1.0), (6.0, -4.0)]);
}

#[test]
fn a_sum_that_stays_the_same_is_not_sent_again() {
    let lines = "
        a: constant value=3
        b: step value=2 at=4
        c: step value=-2 at=4
        parts: generator interarrival=1 limit=3
        all: add inputs=4
        a.y -> all.u1
        b.y -> all.u2
        c.y -> all.u3
        parts.out -> all.u4";
    assert_eq!(sent(lines, 100.0, "all"), [(0.0, 3.0)]);
    let one = lines.replace("c.y -> all.u3", "");
    assert_eq!(sent(&one, 100.0, "all"), [(0.0, 3.0), (4.0, 5.0)]);
}

/// The rate is 2 until 0.625 and -2 from then on: up to 1.25, and down again.
#[test]
fn an_integrator_tells_every_quantum_of_a_straight_line() {
    let lines = "
        a: constant value=2
        b: step value=-4 at=0.625
        rate: add
        way: integrator quantum=0.5
        a.y -> rate.u1
        b.y -> rate.u2
        rate.y -> way.u";
    let expect = [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (1.0, 0.5), (1.25, 0.0), (1.5, -0.5)];
    assert_eq!(sent(lines, 1.6, "way"), expect);
    // Twice as fast, from 10 downwards.
    let lines = "
        a: constant value=2
        way: integrator quantum=0.5 k=-2 start=10
        a.y -> way.u";
    assert_eq!(sent(lines, 0.3, "way"), [(0.0, 10.0), (0.125, 9.5), (0.25, 9.0)]);
}

/// The rate is (3 (u + d) - told) / 2, constant from quantum to quantum.
#[test]
fn a_lag_slows_down_on_its_way() {
    let lines = "
        a: constant value=0.75
        b: constant value=0.25
        slow: lag k=3 time=2 quantum=0.75
        a.y -> slow.u
        b.y -> slow.d";
    let expect = [(0.0, 0.0), (0.5, 0.75), (7.0 / 6.0, 1.5), (13.0 / 6.0, 2.25), (25.0 / 6.0, 3.0)];
    close(&sent(lines, 1000.0, "slow"), &expect);
}

/// The error of a lag is at most its quantum (Kofman and Junco 2001, section 4).
#[test]
fn a_lag_stays_within_a_quantum_of_the_exponential() {
    let lines = "
        a: constant value=1
        slow: lag quantum=0.01
        a.y -> slow.u";
    let told = sent(lines, 3.0, "slow");
    assert!(told.len() > 90, "{told:?}");
    for (time, value) in told {
        let exact = 1.0 - (-time).exp();
        // A hair for rounding.
        assert!((value - exact).abs() <= 0.01 + 1e-9, "{value} at {time}, exactly {exact}");
    }
}

#[test]
fn noise_has_its_period_and_its_deviation() {
    let told = sent("a: noise deviation=0.5 period=2", 9_999.0, "a");
    let times: Vec<f64> = told.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, (0..5_000).map(|at| f64::from(at) * 2.0).collect::<Vec<_>>());
    let count = told.len() as f64;
    let mean = told.iter().map(|(_, value)| value).sum::<f64>() / count;
    let variance = told.iter().map(|(_, value)| (value - mean).powi(2)).sum::<f64>() / count;
    // Four standard errors: 0.5 / sqrt(5000) and 0.5 / sqrt(10000).
    assert!(mean.abs() < 0.03, "{mean}");
    assert!((variance.sqrt() - 0.5).abs() < 0.02, "{variance}");
    assert_eq!(sent("a: noise deviation=0", 1.5, "a"), [(0.0, 0.0), (1.0, 0.0)]);
}
