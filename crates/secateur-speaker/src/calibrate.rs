//! Thresholds for unknown speakers, from the scores of people who should be accepted and of
//! people who should not.
//!
//! Thresholds do not travel between microphones and rooms: they are to be found on recordings
//! like those that will come.

use crate::error::SpeakerError;
use crate::identify::Answer;
use crate::open_set::Thresholds;

/// Scores of a trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Normalized score, nats per frame.
    pub normalized: f64,
    /// Margin over the second speaker, per frame.
    pub margin: f64,
}

/// What an answer without pruning says of a recording of an enrolled speaker: the score that this
/// speaker gets, and the one that an unknown person would get, for whom the best of the other
/// speakers stands. Ranks are those among all speakers, this one too.
///
/// `None` for a speaker that the answer does not rank, or with fewer than three speakers.
pub fn leave_out(answer: &Answer, speaker: usize) -> Option<(Score, Score)> {
    let place = answer.ranking.iter().position(|id| *id == speaker)?;
    let n = answer.ranking.len();
    if n < 3 {
        return None;
    }
    let all: f64 = answer.likelihoods.iter().sum();
    let others = |left_out: &[usize]| -> f64 {
        let sum: f64 = left_out.iter().map(|at| answer.likelihoods[*at]).sum();
        answer.background.unwrap_or((all - sum) / (n - left_out.len()) as f64)
    };
    let frames = answer.frames as f64;
    let rest: Vec<usize> = (0..n).filter(|at| *at != place).collect();
    let genuine = Score {
        normalized: answer.likelihoods[place] - others(&[place]),
        margin: (answer.scores[place] - answer.scores[rest[0]]) / frames,
    };
    let impostor = Score {
        normalized: answer.likelihoods[rest[0]] - others(&[place, rest[0]]),
        margin: (answer.scores[rest[0]] - answer.scores[rest[1]]) / frames,
    };
    Some((genuine, impostor))
}

/// A point of the trade-off between wrongly accepted and wrongly refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Scores of at least this are accepted.
    pub threshold: f64,
    /// Share of the impostors that is accepted.
    pub false_accepts: f64,
    /// Share of the genuine that is refused.
    pub false_rejects: f64,
}

/// What calibration found.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// The thresholds.
    pub thresholds: Thresholds,
    /// Share of the impostors that both thresholds accept.
    pub false_accepts: f64,
    /// Share of the genuine that one of them refuses.
    pub false_rejects: f64,
    /// Rate at which both errors are equal, by the score alone.
    pub equal_error_rate: f64,
    /// The trade-off by the score alone, thresholds ascending.
    pub points: Vec<Point>,
    /// What the reader must know, each a full sentence.
    pub warnings: Vec<String>,
}

/// The trade-off of a score, a point for each threshold that changes it, thresholds ascending.
/// At a point `threshold` is the least score that is accepted; the last accepts nobody.
///
/// # Errors
/// [`SpeakerError::TooFewScores`] without scores on a side or with one that is not a number.
pub fn points(genuine: &[f64], impostors: &[f64]) -> Result<Vec<Point>, SpeakerError> {
    for (what, scores) in [("genuine", genuine), ("impostor", impostors)] {
        let found = scores.iter().filter(|score| !score.is_nan()).count();
        if found == 0 || found < scores.len() {
            return Err(SpeakerError::TooFewScores { what, found, needed: scores.len().max(1) });
        }
    }
    let sorted = |scores: &[f64]| {
        let mut scores = scores.to_vec();
        scores.sort_by(f64::total_cmp);
        scores
    };
    let (genuine, impostors) = (sorted(genuine), sorted(impostors));
    let mut thresholds = [genuine.as_slice(), impostors.as_slice()].concat();
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    thresholds.push(f64::INFINITY);
    let below = |scores: &[f64], threshold: f64| scores.partition_point(|s| *s < threshold) as f64;
    let point = |threshold: f64| Point {
        threshold,
        false_accepts: 1.0 - below(&impostors, threshold) / impostors.len() as f64,
        false_rejects: below(&genuine, threshold) / genuine.len() as f64,
    };
    Ok(thresholds.into_iter().map(point).collect())
}

/// The rate at which both errors are equal, between the two points where they cross.
pub fn equal_error_rate(points: &[Point]) -> f64 {
    let mut before: Option<&Point> = None;
    for point in points {
        let apart = point.false_rejects - point.false_accepts;
        if apart >= 0.0 {
            let Some(before) = before else { return point.false_rejects };
            let apart_before = before.false_accepts - before.false_rejects;
            let share = apart_before / (apart_before + apart);
            return before.false_rejects + share * (point.false_rejects - before.false_rejects);
        }
        before = Some(point);
    }
    0.5
}

/// Thresholds that accept at most the share `false_accepts` of the impostors and refuse as few of
/// the genuine as that allows.
///
/// Of the thresholds of the margin that are tried (none, and the 64 quantiles of the impostors')
/// each has its least threshold of the score; of equal results the smaller margin is taken. A
/// threshold lies midway between the impostor it refuses and the next score.
///
/// # Errors
/// [`SpeakerError::Option`] for a rate outside 0 to 1, [`SpeakerError::TooFewScores`].
pub fn calibrate(
    genuine: &[Score],
    impostors: &[Score],
    false_accepts: f64,
) -> Result<Calibration, SpeakerError> {
    if !(0.0..1.0).contains(&false_accepts) {
        let (option, expected) = ("far", "a share from 0 to below 1");
        return Err(SpeakerError::Option { option, expected, got: false_accepts.to_string() });
    }
    let of = |scores: &[Score]| scores.iter().map(|s| s.normalized).collect::<Vec<_>>();
    let points = points(&of(genuine), &of(impostors))?;
    let mut margins: Vec<f64> = impostors.iter().map(|s| s.margin).collect();
    margins.sort_by(f64::total_cmp);
    let quantile = |k: usize| margins[(margins.len() - 1) * k / 64];
    let tried = std::iter::once(0.0).chain((0..=64).map(quantile).filter(|m| *m > 0.0));
    let mut best: Option<(f64, Thresholds)> = None;
    for margin in tried {
        let thresholds =
            Thresholds { score: least(genuine, impostors, margin, false_accepts), margin };
        let refused = 1.0 - share(genuine, thresholds);
        if best.is_none_or(|(least, _)| refused < least) {
            best = Some((refused, thresholds));
        }
    }
    let (false_rejects, thresholds) = best.expect("no margin is tried too");
    let mut warnings = Vec::new();
    let wanted = if false_accepts > 0.0 { (1.0 / false_accepts).ceil() } else { 100.0 };
    if (impostors.len() as f64) < wanted {
        warnings.push(format!(
            "A rate of {false_accepts} can only be seen with {wanted} trials of unknown speakers; there were {}.",
            impostors.len()
        ));
    }
    Ok(Calibration {
        thresholds,
        false_accepts: share(impostors, thresholds),
        false_rejects,
        equal_error_rate: equal_error_rate(&points),
        points,
        warnings,
    })
}

/// Share of the trials that are accepted.
fn share(scores: &[Score], thresholds: Thresholds) -> f64 {
    let accept = |s: &&Score| s.normalized >= thresholds.score && s.margin >= thresholds.margin;
    scores.iter().filter(accept).count() as f64 / scores.len() as f64
}

/// The least threshold of the score that accepts so few of the impostors above the margin.
fn least(genuine: &[Score], impostors: &[Score], margin: f64, rate: f64) -> f64 {
    let above = |scores: &[Score]| -> Vec<f64> {
        scores.iter().filter(|s| s.margin >= margin).map(|s| s.normalized).collect()
    };
    let mut others = above(impostors);
    others.sort_by(|a, b| b.total_cmp(a));
    let allowed = (rate * impostors.len() as f64 + 1e-9).floor() as usize;
    let Some(refused) = others.get(allowed) else {
        // The margin alone refuses enough.
        return [above(genuine), others]
            .concat()
            .into_iter()
            .fold(f64::INFINITY, f64::min)
            .min(0.0);
    };
    let higher = above(genuine).into_iter().chain(others.iter().copied());
    let next = higher.filter(|score| score > refused).fold(f64::INFINITY, f64::min);
    if next.is_finite() { f64::midpoint(*refused, next) } else { refused.next_up() }
}

#[cfg(test)]
mod tests {
    use secateur_core::Random;

    use super::*;

    #[test]
    fn errors_cross_where_normal_scores_say() {
        let mut random = Random::new(1);
        let genuine: Vec<f64> = (0..20_000).map(|_| 2.0 + random.normal()).collect();
        let impostors: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let points = points(&genuine, &impostors).unwrap();
        // Normal distribution at -1.
        assert!((equal_error_rate(&points) - 0.1587).abs() < 0.006);
        assert!(points.windows(2).all(|w| w[0].false_accepts >= w[1].false_accepts));
        let last = points.last().unwrap();
        assert_eq!((last.false_accepts, last.false_rejects), (0.0, 1.0));
        assert_eq!((points[0].false_accepts, points[0].false_rejects), (1.0, 0.0));
    }

    #[test]
    fn apart_is_no_error() {
        let found = points(&[3.0, 4.0], &[1.0, 2.0]).unwrap();
        assert_eq!(equal_error_rate(&found), 0.0);
        assert!(points(&[], &[1.0]).is_err() && points(&[f64::NAN], &[1.0]).is_err());
    }

    #[test]
    fn a_wanted_rate_is_kept() {
        let mut random = Random::new(2);
        let mut drawn = |n: usize, center: f64| -> Vec<Score> {
            (0..n)
                .map(|_| Score {
                    normalized: center + random.normal(),
                    margin: (center / 4.0 + 0.5 * random.normal()).max(0.0),
                })
                .collect()
        };
        let (genuine, impostors) = (drawn(2000, 3.0), drawn(2000, 0.0));
        for rate in [0.0, 0.01, 0.1] {
            let found = calibrate(&genuine, &impostors, rate).unwrap();
            assert!(found.false_accepts <= rate, "{found:?}");
            let alone = found.points.iter().find(|p| p.false_accepts <= rate).unwrap();
            assert!(found.false_rejects <= alone.false_rejects);
        }
        assert!(calibrate(&genuine, &impostors, 1.0).is_err());
        assert_eq!(calibrate(&genuine, &impostors[..20], 0.01).unwrap().warnings.len(), 1);
    }
}
