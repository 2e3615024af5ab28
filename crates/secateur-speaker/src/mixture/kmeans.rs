//! Where training begins: k-means.
//!
//! Source: D. Arthur and S. Vassilvitskii, 2007, "k-means++: the advantages of careful seeding",
//! with four candidates for each center of which the best is taken; S. Lloyd, 1982, "Least
//! squares quantization in PCM".

use pulp::NullaryFnOnce;
use rayon::prelude::*;
use secateur_core::Random;

use super::squares::{BLOCK, Blocks, Shapes, squares};

/// Candidates for each center.
const CANDIDATES: usize = 4;
/// Blocks that are worked on at once.
const CHUNK: usize = 64;
/// Centers that move by less than this share of the variance have found their places.
const TOLERANCE: f64 = 1e-4;

/// The cluster of each frame.
pub(crate) fn labels(
    blocks: &Blocks,
    spread: &[f64],
    clusters: usize,
    iterations: usize,
    random: &mut Random,
) -> Vec<u32> {
    let mut centers = seeds(blocks, clusters, random);
    let mut nearest = Nearest::of(blocks, &centers);
    let still = TOLERANCE * spread.iter().sum::<f64>() / spread.len() as f64;
    for _ in 0..iterations {
        let moved = update(blocks, &mut centers, &mut nearest);
        let next = Nearest::of(blocks, &centers);
        let same = next.labels == nearest.labels;
        nearest = next;
        if same || moved <= still {
            break;
        }
    }
    nearest.labels
}

/// Clusters of frames, and squared distances to their centers.
struct Nearest {
    labels: Vec<u32>,
    distances: Vec<f64>,
}

impl Nearest {
    fn of(blocks: &Blocks, centers: &[f64]) -> Self {
        let width = blocks.width;
        let clusters = centers.len() / width;
        let shapes = Shapes::new(clusters, width, |c, d| (1.0, -centers[c * width + d]));
        let count = blocks.len.div_ceil(BLOCK);
        let chunk = |chunk: usize| {
            let (from, to) = (chunk * CHUNK, count.min((chunk + 1) * CHUNK));
            let mut all = Vec::new();
            squares(blocks, from, to, &shapes, &mut all);
            let row = (to - from) * BLOCK;
            let (mut labels, mut distances) = (vec![0.0; row], vec![f64::INFINITY; row]);
            let all = &all[..clusters * row];
            let (l, d) = (&mut labels, &mut distances);
            pulp::Arch::new().dispatch(Least { all, labels: l, distances: d });
            let there = blocks.len.min(to * BLOCK) - from * BLOCK;
            distances.truncate(there);
            (labels[..there].iter().map(|l| *l as u32).collect::<Vec<_>>(), distances)
        };
        let chunks: Vec<_> = (0..count.div_ceil(CHUNK)).into_par_iter().map(chunk).collect();
        let mut found = Self { labels: Vec::new(), distances: Vec::new() };
        for (labels, distances) in chunks {
            found.labels.extend(labels);
            found.distances.extend(distances);
        }
        found
    }
}

/// The first least of each column.
struct Least<'a> {
    all: &'a [f64],
    labels: &'a mut [f64],
    distances: &'a mut [f64],
}

impl NullaryFnOnce for Least<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let row = self.labels.len();
        for (cluster, squares) in self.all.chunks_exact(row).enumerate() {
            let cluster = cluster as f64;
            for ((square, label), distance) in
                squares.iter().zip(&mut *self.labels).zip(&mut *self.distances)
            {
                let less = *square < *distance;
                *label = if less { cluster } else { *label };
                *distance = if less { *square } else { *distance };
            }
        }
    }
}

/// The numbers of a frame.
fn frame(blocks: &Blocks, at: usize) -> impl Iterator<Item = f64> + '_ {
    let block = &blocks.values[at / BLOCK * blocks.width * BLOCK..];
    (0..blocks.width).map(move |d| block[d * BLOCK + at % BLOCK])
}

fn seeds(blocks: &Blocks, clusters: usize, random: &mut Random) -> Vec<f64> {
    let width = blocks.width;
    let mut centers: Vec<f64> = frame(blocks, random.below(blocks.len)).collect();
    let mut distances = Nearest::of(blocks, &centers).distances;
    let (mut candidates, mut all) = (Vec::new(), Vec::new());
    for _ in 1..clusters {
        let mut sum = 0.0;
        let sums: Vec<f64> = distances
            .iter()
            .map(|d| {
                sum += d;
                sum
            })
            .collect();
        let mut draw = || {
            let wanted = random.uniform() * sum;
            sums.partition_point(|sum| *sum <= wanted).min(blocks.len - 1)
        };
        candidates.clear();
        for _ in 0..CANDIDATES {
            candidates.extend(frame(blocks, draw()));
        }
        let shapes = Shapes::new(CANDIDATES, width, |c, d| (1.0, -candidates[c * width + d]));
        squares(blocks, 0, blocks.len.div_ceil(BLOCK), &shapes, &mut all);
        let row = blocks.padded();
        for squares in all.chunks_exact_mut(row) {
            for (square, distance) in squares.iter_mut().zip(&distances) {
                *square = square.min(*distance);
            }
        }
        let rows: Vec<&[f64]> = all.chunks_exact(row).map(|row| &row[..blocks.len]).collect();
        let worth: Vec<f64> = rows.iter().map(|row| row.iter().sum()).collect();
        let best = (0..CANDIDATES).min_by(|a, b| worth[*a].total_cmp(&worth[*b]));
        let best = best.expect("there are candidates");
        distances.copy_from_slice(rows[best]);
        centers.extend_from_slice(&candidates[best * width..(best + 1) * width]);
    }
    centers
}

/// Moves centers to the means of their frames; gives the squared distance they went. A center
/// without frames takes the one that is farthest from its own.
fn update(blocks: &Blocks, centers: &mut [f64], nearest: &mut Nearest) -> f64 {
    let width = blocks.width;
    let clusters = centers.len() / width;
    let mut counts = vec![0_usize; clusters];
    nearest.labels.iter().for_each(|label| counts[*label as usize] += 1);
    for empty in 0..clusters {
        if counts[empty] > 0 {
            continue;
        }
        let far = (0..blocks.len)
            .filter(|at| counts[nearest.labels[*at] as usize] > 1)
            .max_by(|a, b| nearest.distances[*a].total_cmp(&nearest.distances[*b]).then(b.cmp(a)));
        let Some(far) = far else { continue };
        counts[nearest.labels[far] as usize] -= 1;
        counts[empty] = 1;
        nearest.labels[far] = empty as u32;
        nearest.distances[far] = 0.0;
    }
    let mut means = vec![0.0; centers.len()];
    for (at, label) in nearest.labels.iter().enumerate() {
        let mean = &mut means[*label as usize * width..];
        mean.iter_mut().zip(frame(blocks, at)).for_each(|(mean, x)| *mean += x);
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
        let blocks = Blocks::new(&Frames { width: 2, values });
        let found = labels(&blocks, &[1.0, 1.0], 3, 100, &mut Random::new(2));
        assert!((3..90).all(|at| found[at] == found[at % 3]));
        let mut kinds = found[..3].to_vec();
        kinds.sort_unstable();
        assert_eq!(kinds, [0, 1, 2]);
    }

    #[test]
    fn equal_frames_do_not_harm() {
        let blocks = Blocks::new(&Frames { width: 1, values: vec![2.0; 20] });
        let found = labels(&blocks, &[0.0], 3, 10, &mut Random::new(2));
        assert_eq!(found.len(), 20);
    }
}
