//! Fronts: who is dominated by whom.

/// The front of each point, from 0: those that no other dominates, those that only these do, and
/// so on. Less is better in every coordinate; a point dominates another when it is nowhere worse
/// and somewhere better.
///
/// With one coordinate the fronts are the distinct values in their order.
pub fn fronts(points: &[Vec<f64>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    // Whoever dominates a point comes before it.
    let compare = |a: &usize, b: &usize| {
        let pairs = points[*a].iter().zip(&points[*b]);
        pairs.map(|(x, y)| x.total_cmp(y)).find(|order| order.is_ne()).unwrap_or_else(|| a.cmp(b))
    };
    order.sort_by(compare);
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut fronts = vec![0; points.len()];
    for at in order {
        let dominated =
            |front: &Vec<usize>| front.iter().any(|other| dominates(&points[*other], &points[at]));
        // A point that a front dominates is dominated by all fronts before it.
        let front = found.partition_point(dominated);
        if front == found.len() {
            found.push(Vec::new());
        }
        found[front].push(at);
        fronts[at] = front;
    }
    fronts
}

fn dominates(a: &[f64], b: &[f64]) -> bool {
    let pairs = || a.iter().zip(b);
    pairs().all(|(x, y)| x <= y) && pairs().any(|(x, y)| x < y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(points: &[[f64; 2]], expect: &[usize]) {
        let points: Vec<Vec<f64>> = points.iter().map(|point| point.to_vec()).collect();
        assert_eq!(fronts(&points), expect);
    }

    #[test]
    fn those_that_none_dominates_come_first() {
        check(&[[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [2.0, 3.0], [3.0, 3.0]], &[0, 0, 0, 1, 2]);
        check(&[[1.0, 1.0], [1.0, 1.0], [1.0, 2.0]], &[0, 0, 1]);
        check(&[], &[]);
        let line: Vec<Vec<f64>> = [3.0, 1.0, 2.0, 1.0].map(|x| vec![x]).to_vec();
        assert_eq!(fronts(&line), [2, 0, 1, 0]);
    }
}
