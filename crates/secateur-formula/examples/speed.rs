use secateur_formula::{evaluate::*, op::Op, tree::*};
use std::time::Instant;
fn main() {
    let cols: Vec<Vec<f64>> = (0..2)
        .map(|c| (0..819).map(|i| 0.5 + (i * (c + 3) % 97) as f64 / 50.0).collect())
        .collect();
    let mut out = vec![0.0; 819];
    let mut scratch = Scratch::default();
    for op in Op::ALL {
        let mut t = Tree::leaf(Node::Var(0));
        for i in 0..15 {
            t = if op.arity() == 1 {
                if i % 2 == 0 {
                    Tree::unary(op, t)
                } else {
                    Tree::binary(Op::Mul, t, &Tree::leaf(Node::Var(1)))
                }
            } else {
                Tree::binary(op, t, &Tree::leaf(Node::Var(1)))
            };
        }
        let start = Instant::now();
        let mut n = 0;
        while start.elapsed().as_secs_f64() < 0.15 {
            for _ in 0..20 {
                evaluate(&t, Columns::new(&cols), &mut out, &mut scratch);
                n += 20 / 20;
            }
        }
        println!(
            "{:10} {:.2e} node evals/s  (size {})",
            op.name(),
            n as f64 * 819.0 * t.size() as f64 / start.elapsed().as_secs_f64(),
            t.size()
        );
    }
}
