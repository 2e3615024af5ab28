//! Networks that are written down in tests.

use secateur_graph::ops::{
    AutoPad, BatchNormalization, Binary, Clip, Conv, Op, Pad, PadMode, Reduce, Reduction, Split,
    Unary, Window,
};
use secateur_graph::{Dim, Fact, Graph, ValueId};
use secateur_tensor::{Stored, Tensor};

use crate::Runner;
use crate::compiled::{Compiled, NEAR};

/// Sums in another order, and weights that batch normalization is folded into.
const TOLERANCE: f32 = 1e-4;

/// A network that is written down, with random weights.
pub(super) struct Drawn {
    pub(super) graph: Graph,
    /// That of its input; the first axis is open in the graph.
    shape: Vec<usize>,
    seed: u32,
}

impl Drawn {
    pub(super) fn new(shape: &[usize]) -> (Self, ValueId) {
        let mut graph = Graph::new();
        let mut dims: Vec<Dim> = shape.iter().copied().map(Dim::Known).collect();
        dims[0] = Dim::symbol("batch");
        let x = graph.add_input("x", Fact::f32(dims));
        (Self { graph, shape: shape.to_vec(), seed: 1 }, x)
    }

    pub(super) fn sample(&mut self, shape: &[usize]) -> Vec<f32> {
        let mut next = || {
            self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.seed >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..shape.iter().product()).map(|_| next()).collect()
    }

    pub(super) fn weight(&mut self, shape: &[usize]) -> ValueId {
        let values = self.sample(shape);
        self.fixed(shape, &values)
    }

    pub(super) fn fixed(&mut self, shape: &[usize], values: &[f32]) -> ValueId {
        let name = format!("weight {}", self.graph.values().len());
        self.graph.add_weight(&name, Stored::of_f32(shape.to_vec(), values))
    }

    pub(super) fn integers(&mut self, values: &[i64]) -> ValueId {
        let name = format!("integers {}", self.graph.values().len());
        self.graph.add_weight(&name, Stored::of_i64(vec![values.len()], values))
    }

    pub(super) fn node(&mut self, op: Op, inputs: &[ValueId]) -> Vec<ValueId> {
        let name = format!("node {}", self.graph.nodes().len());
        let shape = self.shape.clone();
        let outputs = if let Op::Split(Split { parts, .. }) = op { parts } else { 1 };
        let outputs =
            (0..outputs).map(|at| (format!("{name}.{at}"), Fact::f32_known(&shape))).collect();
        let inputs = inputs.iter().copied().map(Some).collect();
        let id = self.graph.add_unbound_node(&name, op, inputs, outputs);
        self.graph.node(id).outputs.clone()
    }

    pub(super) fn add(&mut self, op: Op, inputs: &[ValueId]) -> ValueId {
        self.node(op, inputs)[0]
    }

    pub(super) fn conv(
        &mut self,
        x: ValueId,
        [from, to]: [usize; 2],
        kernel: usize,
        stride: usize,
    ) -> ValueId {
        let w = self.weight(&[to, from, kernel, kernel]);
        let b = self.weight(&[to]);
        self.add(conv(kernel, stride, 1), &[x, w, b])
    }

    pub(super) fn depthwise(&mut self, x: ValueId, channels: usize, kernel: usize) -> ValueId {
        let w = self.weight(&[channels, 1, kernel, kernel]);
        self.add(conv(kernel, 1, channels), &[x, w])
    }

    pub(super) fn norm(&mut self, x: ValueId, channels: usize) -> ValueId {
        let parts: Vec<ValueId> = (0..3).map(|_| self.weight(&[channels])).collect();
        let variance: Vec<f32> = (0..channels).map(|c| 0.5 + c as f32 / 8.0).collect();
        let variance = self.fixed(&[channels], &variance);
        let op = Op::BatchNormalization(BatchNormalization { epsilon: 1e-5 });
        self.add(op, &[x, parts[0], parts[1], parts[2], variance])
    }

    pub(super) fn unary(&mut self, op: Unary, x: ValueId) -> ValueId {
        self.add(Op::Unary(op), &[x])
    }

    pub(super) fn binary(&mut self, op: Binary, a: ValueId, b: ValueId) -> ValueId {
        self.add(Op::Binary(op), &[a, b])
    }

    pub(super) fn clip(&mut self, x: ValueId) -> ValueId {
        let (low, high) = (self.fixed(&[], &[0.0]), self.fixed(&[], &[6.0]));
        self.add(Op::Clip(Clip), &[x, low, high])
    }

    pub(super) fn pad(&mut self, x: ValueId, pads: &[i64]) -> ValueId {
        let pads = self.integers(pads);
        self.add(Op::Pad(Pad { mode: PadMode::Constant }), &[x, pads])
    }

    /// Compiles and runs, and compares with the plain way.
    #[track_caller]
    pub(super) fn check(mut self, outputs: &[ValueId]) -> Compiled {
        self.graph.outputs = outputs.to_vec();
        let shape = self.shape.clone();
        let values = self.sample(&shape);
        let x = Tensor::f32(shape.clone(), values);
        let runner = Runner::new(&self.graph, std::slice::from_ref(&shape)).unwrap();
        let expect = runner.run(std::slice::from_ref(&x), outputs, None);
        let mut first: Option<Vec<Tensor>> = None;
        let mut last = None;
        // Several images at once, then one after the other.
        for (threads, near) in [(1, NEAR), (2, NEAR), (1, 0), (2, 0), (3, 0)] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let shapes = std::slice::from_ref(&shape);
            let mut compiled = Compiled::within(&self.graph, shapes, near).unwrap();
            // What the first run leaves in memory does not change the second.
            compiled.run(&[&x]);
            let found = pool.install(|| compiled.run(&[&x]));
            assert_eq!(found.len(), expect.len());
            for (found, expect) in found.iter().zip(&expect) {
                check_close(found, expect);
            }
            let first = first.get_or_insert_with(|| found.clone());
            for (found, first) in found.iter().zip(first) {
                assert_eq!(found.as_f32(), first.as_f32(), "{threads} threads, {near} near");
            }
            last = Some(compiled);
        }
        last.unwrap()
    }
}

#[track_caller]
pub(super) fn check_close(found: &Tensor, expect: &Tensor) {
    assert_eq!(found.shape(), expect.shape());
    let largest = expect.as_f32().iter().fold(1e-6_f32, |most, v| most.max(v.abs()));
    for (found, expect) in found.as_f32().iter().zip(expect.as_f32()) {
        assert!((found - expect).abs() <= TOLERANCE * largest, "{found}, not {expect}");
    }
}

pub(super) fn window(kernel: usize, stride: usize, pad: usize) -> Window {
    let (kernel, strides) = (vec![kernel; 2], vec![stride; 2]);
    let pads = vec![pad; 4];
    Window { kernel, strides, dilations: vec![1; 2], pads, auto_pad: AutoPad::NotSet, ceil: false }
}

pub(super) fn conv(kernel: usize, stride: usize, groups: usize) -> Op {
    Op::Conv(Conv { window: window(kernel, stride, kernel / 2), groups })
}

pub(super) fn mean_of(axes: &[i64]) -> Op {
    Op::Reduce(Reduce {
        reduction: Reduction::Mean,
        axes: Some(axes.to_vec()),
        keep_dims: true,
        noop_without_axes: false,
    })
}
