use secateur_exec::Runner;
use secateur_graph::{Coupling, Granularity};
use secateur_onnx::Network;
fn main() {
    for path in std::env::args().skip(1) {
        let t = std::time::Instant::now();
        let net = match Network::open(path.as_ref()) { Ok(n) => n, Err(e) => { println!("{path}: {e}"); continue } };
        let (shapes, facts) = match net.bind(&[]) { Ok(x) => x, Err(e) => { println!("{path}: {e}"); continue } };
        let macs: u64 = net.graph.nodes().iter().map(|n| {
            let full: Option<Vec<_>> = facts.iter().map(|f| f.clone()).map(|f| Some(f.unwrap_or_else(|| secateur_graph::Fact::f32_known(&[])))).collect();
            net.graph.cost(n, &full.unwrap()).macs }).sum();
        println!("{path} {shapes:?} nodes {} macs {macs} {:?}", net.graph.nodes().len(), t.elapsed());
        let t = std::time::Instant::now();
        let c = Coupling::new(&net.graph, &facts, Granularity::Outer);
        println!("  classes {} groups {} {:?}", c.classes.len(), c.groups.len(), t.elapsed());
        for g in &c.groups { let (p, a) = g.axes[0]; println!("    {} classes over {} axes, first {} axis {}", g.classes.len(), g.axes.len(), net.graph.value(c.places()[p as usize].value).name, a); }
        let runner = match Runner::new(&net.graph, &shapes) { Ok(r) => r, Err(e) => { println!("{e}"); continue } };
        let golden = std::path::Path::new(&path).file_stem().unwrap().to_str().unwrap().to_owned();
        println!("  runs {} nodes {golden}", runner.nodes().len());
        let mut keep = vec![true; c.classes.len()];
        for g in &c.groups { for k in g.classes.iter().take(g.classes.len() / 2) { keep[*k] = false; } }
        let t = std::time::Instant::now();
        match c.shrink(&net.graph, &facts, &keep) {
            Ok((small, after)) => {
                println!("  shrunk {:?}", t.elapsed());
                let doc = net.patched(&small, &after);
                let e = doc.encode("x.onnx").unwrap();
                println!("  {} bytes", e.model.len());
                std::fs::write(format!("/tmp/{golden}.small.onnx"), &e.model).unwrap();
            }
            Err(e) => println!("  SHRINK: {e}"),
        }
    }
}
