//! Where training begins: k-means.
//!
//! Source: D. Arthur and S. Vassilvitskii, 2007, "k-means++: the advantages of careful seeding",
//! with candidates for each center of which the best is taken; S. Lloyd, 1982, "Least
//! squares quantization in PCM".

use secateur_core::Random;

use super::packed::{Heard, Packed};
use super::single::{distances, nearest};

/// Candidates for each center: they fill two groups of the vectors that measure distances.
const CANDIDATES: usize = 8;
/// Centers that move by less than this share of the variance have found their places.
const TOLERANCE: f64 = 1e-4;

/// The cluster of each frame.
pub(super) fn labels(
    heard: &Heard,
    spread: &[f64],
    clusters: usize,
    iterations: usize,
    random: &mut Random,
) -> Vec<u32> {
    let mut centers = seeds(heard, clusters, random);
    let (mut labels, mut least) = nearest(heard, &points(&centers, heard.width()));
    let still = TOLERANCE * spread.iter().sum::<f64>() / spread.len() as f64;
    for _ in 0..iterations {
        let moved = update(heard, &mut centers, &mut labels, &mut least);
        let (next, distances) = nearest(heard, &points(&centers, heard.width()));
        let same = next == labels;
        (labels, least) = (next, distances);
        if same || moved <= still {
            break;
        }
    }
    labels
}

/// Centers as a model whose scaled distances are distances.
fn points(centers: &[f64], width: usize) -> Packed {
    Packed::of_shapes(centers.len() / width, width, |c, d| (1.0, -centers[c * width + d]))
}

/// The numbers of a frame.
fn frame(heard: &Heard, at: usize) -> impl Iterator<Item = f64> + '_ {
    (0..heard.width()).map(move |d| f64::from(heard.at(at, d)))
}

fn seeds(heard: &Heard, clusters: usize, random: &mut Random) -> Vec<f64> {
    let (width, len) = (heard.width(), heard.len());
    let mut centers: Vec<f64> = frame(heard, random.below(len)).collect();
    let (_, mut least) = nearest(heard, &points(&centers, width));
    let (mut candidates, mut all, mut sums) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 1..clusters {
        let mut sum = 0.0;
        sums.clear();
        sums.extend(least.iter().map(|distance| {
            sum += f64::from(*distance);
            sum
        }));
        candidates.clear();
        for _ in 0..CANDIDATES {
            let wanted = random.uniform() * sum;
            let drawn = sums.partition_point(|sum| *sum <= wanted).min(len - 1);
            candidates.extend(frame(heard, drawn));
        }
        distances(heard, &points(&candidates, width), &mut all);
        let mut best = (f64::INFINITY, 0);
        for (candidate, distances) in all.chunks_exact_mut(len).enumerate() {
            let mut worth = 0.0;
            for (distance, least) in distances.iter_mut().zip(&least) {
                *distance = distance.min(*least);
                worth += f64::from(*distance);
            }
            if worth < best.0 {
                best = (worth, candidate);
            }
        }
        let best = best.1;
        least.copy_from_slice(&all[best * len..(best + 1) * len]);
        centers.extend_from_slice(&candidates[best * width..(best + 1) * width]);
    }
    centers
}

/// Moves centers to the means of their frames; gives the squared distance they went. A center
/// without frames takes the one that is farthest from its own.
fn update(heard: &Heard, centers: &mut [f64], labels: &mut [u32], least: &mut [f32]) -> f64 {
    let width = heard.width();
    let clusters = centers.len() / width;
    let mut counts = vec![0_usize; clusters];
    for label in &*labels {
        counts[*label as usize] += 1;
    }
    for empty in 0..clusters {
        if counts[empty] > 0 {
            continue;
        }
        let far = (0..heard.len())
            .filter(|at| counts[labels[*at] as usize] > 1)
            .max_by(|a, b| least[*a].total_cmp(&least[*b]).then(b.cmp(a)));
        let Some(far) = far else { continue };
        counts[labels[far] as usize] -= 1;
        counts[empty] = 1;
        labels[far] = empty as u32;
        least[far] = 0.0;
    }
    let mut means = vec![0.0; centers.len()];
    for (at, label) in labels.iter().enumerate() {
        let mean = &mut means[*label as usize * width..][..width];
        mean.iter_mut().zip(frame(heard, at)).for_each(|(mean, x)| *mean += x);
    }
    let mut moved = 0.0;
    for ((center, mean), count) in
        centers.chunks_exact_mut(width).zip(means.chunks_exact(width)).zip(counts)
    {
        if count > 0 {
            for (center, sum) in center.iter_mut().zip(mean) {
                let mean = sum / count as f64;
                moved += (mean - *center).powi(2);
                *center = mean;
            }
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Frames;

    #[test]
    fn clusters_far_apart_are_found() {
        let mut random = Random::new(1);
        let values = (0..90)
            .flat_map(|at| [f64::from(at % 3) * 100.0 + random.normal(), random.normal()])
            .collect();
        let heard = Heard::new(&Frames { width: 2, values }, 2, 0..90).unwrap();
        let found = labels(&heard, &[1.0, 1.0], 3, 100, &mut Random::new(2));
        assert!((3..90).all(|at| found[at] == found[at % 3]));
        let mut kinds = found[..3].to_vec();
        kinds.sort_unstable();
        assert_eq!(kinds, [0, 1, 2]);
    }

    #[test]
    fn equal_frames_do_not_harm() {
        let frames = Frames { width: 1, values: vec![2.0; 20] };
        let heard = Heard::new(&frames, 1, 0..20).unwrap();
        let found = labels(&heard, &[0.0], 3, 10, &mut Random::new(2));
        assert_eq!(found.len(), 20);
    }
}
