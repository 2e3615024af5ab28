//! Items as steps: layouts are chosen, and layers take in what follows them.

use std::collections::HashMap;
use std::sync::Arc;

use secateur_graph::ops::{Binary, Op};
use secateur_graph::{Fact, Kind, ValueId};
use secateur_tensor::Tensor;
use secateur_tensor::kernels::Activation;

use super::elementwise::{Arithmetic, Scaling};
use super::items::{Affine, Form, Item, Items};
use super::step::Work;
use super::values::{Draft, Held, Layout, Making, Source, Values, image};

/// The steps of items.
pub(super) struct Lowering<'g> {
    pub(super) items: &'g Items<'g>,
    pub(super) values: Values,
    held: HashMap<ValueId, Held>,
}

impl<'g> Lowering<'g> {
    /// The steps of all items, and the outputs of the graph.
    pub(super) fn steps(items: &'g Items<'g>) -> (Values, Vec<Held>) {
        let mut lowering = Self { items, values: Values::default(), held: HashMap::new() };
        for (at, id) in items.graph.inputs.iter().enumerate() {
            let (kind, shape) = (items.fact(*id).kind, items.shape(*id));
            let store = lowering.values.store(kind, &shape, Source::Input(at));
            lowering.set(*id, Held { store, shape, layout: Layout::Plain });
        }
        for item in &items.list {
            lowering.item(item);
        }
        let outputs = items.graph.outputs.iter().map(|id| lowering.get(*id)).collect();
        (lowering.values, outputs)
    }

    /// A value of the graph.
    pub(super) fn get(&mut self, id: ValueId) -> Held {
        if let Some(held) = self.held.get(&id) {
            return held.clone();
        }
        let tensor = self.items.constant(id).expect("a value is computed, given or constant");
        let held = self.values.constant(self.items.fact(id).kind, tensor.clone());
        self.held.insert(id, held.clone());
        held
    }

    /// Says where a value of the graph is found.
    pub(super) fn set(&mut self, id: ValueId, held: Held) {
        self.values.stores[held.store].reads = self.items.uses[id.0 as usize];
        self.held.insert(id, held);
    }

    /// Input 0, which forms of one value have.
    fn input(&mut self, item: &Item<'_>, index: usize) -> Held {
        self.get(Items::input(item, index).expect("facts() has checked that the input is there"))
    }

    /// Adds a step that makes output 0.
    pub(super) fn make(&mut self, item: &Item<'_>, work: Work, reads: Vec<Held>, layout: Layout) {
        let y = item.outputs[0];
        let held = self.values.add(Making::Work(work), reads, self.items.shape(y), layout);
        self.set(y, held);
    }

    fn item(&mut self, item: &Item<'_>) {
        if let Some(id) = item.observed {
            let held = self.get(id);
            let plain = self.values.plain(&held);
            let reads = vec![self.values.tensor(&plain)];
            let work = Making::Work(Work::Observe(item.node));
            self.values.push(Draft { work, reads, writes: Vec::new() });
        }
        match &item.form {
            Form::View => self.view(item),
            Form::Activation(activation) => self.activation(item, *activation),
            Form::Affine(affine) => self.affine(item, affine),
            Form::Node(op) => {
                let read = item.inputs.iter().flatten().chain(&item.outputs);
                let is_empty = read.into_iter().any(|id| self.items.shape(*id).contains(&0));
                if is_empty || !self.known(item, op) {
                    self.node(item, op);
                }
            }
        }
    }

    /// Steps for operators that there are kernels for.
    fn known(&mut self, item: &Item<'_>, op: &Op) -> bool {
        if self.items.fact(item.outputs[0]).kind != Kind::F32 {
            return false;
        }
        match op {
            Op::Conv(conv) => self.conv(item, conv),
            Op::Gemm(gemm) => self.gemm(item, gemm),
            Op::MatMul(_) => self.matmul(item),
            Op::Pool(pool) => self.pool(item, pool),
            Op::GlobalPool(pool) => self.global_pool(item, *pool),
            Op::Reduce(reduce) => self.reduce(item, reduce),
            Op::Concat(concat) => self.concat(item, *concat),
            Op::Slice(_) => self.slice(item),
            Op::Pad(pad) => self.pad(item, *pad),
            Op::Split(split) => self.split(item, *split),
            Op::Transpose(transpose) => self.transpose(item, transpose),
            Op::Binary(binary) => self.binary(item, *binary),
            _ => false,
        }
    }

    fn view(&mut self, item: &Item<'_>) {
        let x = self.input(item, 0);
        let y = item.outputs[0];
        let shape = self.items.shape(y);
        let seen = if shape == x.shape { x.clone() } else { self.values.plain(&x) };
        if seen.store != x.store {
            // What was turned for this item may serve others as well.
            self.values.stores[seen.store].reads += 2;
        }
        self.alias(item, Held { shape, ..seen });
    }

    /// Output 0 is numbers that are there already, seen under another shape.
    pub(super) fn alias(&mut self, item: &Item<'_>, held: Held) {
        let y = item.outputs[0];
        // The reading by this item turns into those of its output.
        let reads = &mut self.values.stores[held.store].reads;
        *reads = (*reads + self.items.uses[y.0 as usize]).saturating_sub(1);
        self.held.insert(y, held);
    }

    fn activation(&mut self, item: &Item<'_>, activation: Activation) {
        let x = self.input(item, 0);
        if let Some(at) = self.values.sole(&x) {
            let absorbed = match &mut self.values.draft(at).work {
                Making::Dense(dense) if dense.activation == Activation::None => {
                    dense.activation = activation;
                    true
                }
                Making::Dense(_) => false,
                Making::Work(work) => work.absorb(activation),
            };
            if absorbed {
                return self.alias(item, x);
            }
        }
        let layout = x.layout;
        self.make(item, Work::Activation(activation), vec![x], layout);
    }

    fn affine(&mut self, item: &Item<'_>, affine: &Affine) {
        let x = self.input(item, 0);
        if let Some(at) = self.values.sole(&x)
            && let draft = self.values.draft(at)
            && draft.writes[0].is_as(&x)
            && let Making::Dense(dense) = &mut draft.work
            && dense.absorb(affine)
        {
            return self.alias(item, x);
        }
        if self.transposed(&x, affine) {
            return self.alias(item, x);
        }
        let inner = match affine.axis {
            None => 1,
            Some(axis) => {
                let lies = x.in_memory();
                let axis = Self::axis_in(x.layout, axis, lies.len());
                lies[axis + 1..].iter().product()
            }
        };
        let f32s = |values: &[f64]| values.iter().map(|v| *v as f32).collect::<Vec<_>>();
        let (mut factor, mut summand) = (f32s(&affine.factor), f32s(&affine.summand));
        let channels = factor.len().max(summand.len());
        factor.resize(channels, factor[0]);
        summand.resize(channels, summand[0]);
        let scaling = Scaling { factor, summand, inner };
        let layout = x.layout;
        self.make(item, Work::Scaling(scaling, Activation::None), vec![x], layout);
    }

    /// Factors and summands of channels become part of a transposed convolution before them.
    fn transposed(&mut self, x: &Held, affine: &Affine) -> bool {
        let Some(at) = self.values.sole(x) else { return false };
        let draft = self.values.draft(at);
        let Making::Work(Work::Node(op, ..)) = &draft.work else { return false };
        let Op::ConvTranspose(conv) = &**op else { return false };
        if affine.axis.is_some_and(|axis| axis != 1) || !draft.writes[0].is_as(x) {
            return false;
        }
        let groups = conv.groups;
        let mut reads = draft.reads.clone();
        let has_bias = reads.len() > 2;
        let sources = reads[1..].iter().map(|held| self.values.stores[held.store].source);
        let constants: Option<Vec<_>> =
            sources.map(|source| self.values.constant_of(source)).collect();
        let Some(constants) = constants else { return false };
        let channels = x.shape[1];
        let of = |values: &[f64], o: usize| values[if values.len() == 1 { 0 } else { o }];
        let shape = constants[0].shape().to_vec();
        let (each, places) = (shape[1], shape[2..].iter().product::<usize>());
        let mut weights = constants[0].as_f32().to_vec();
        for (row, weights) in weights.chunks_exact_mut(places).enumerate() {
            let group = row / each / (shape[0] / groups);
            let factor = of(&affine.factor, group * each + row % each);
            for w in weights {
                *w = (f64::from(*w) * factor) as f32;
            }
        }
        let bias = |o: usize| {
            let bias = if has_bias { f64::from(constants[1].as_f32()[o]) } else { 0.0 };
            (bias * of(&affine.factor, o) + of(&affine.summand, o)) as f32
        };
        let bias = Tensor::f32(vec![channels], (0..channels).map(bias).collect());
        reads.truncate(1);
        reads.push(self.values.constant(Kind::F32, Arc::new(Tensor::f32(shape, weights))));
        reads.push(self.values.constant(Kind::F32, Arc::new(bias)));
        let draft = self.values.draft(at);
        draft.reads = reads;
        if let Making::Work(Work::Node(_, present, _)) = &mut draft.work {
            *present = vec![true; 3];
        }
        true
    }

    fn binary(&mut self, item: &Item<'_>, binary: Binary) -> bool {
        let &[Some(a), Some(b)] = item.inputs.as_slice() else { return false };
        let op = match binary {
            Binary::Add | Binary::Sum => Arithmetic::Add,
            Binary::Sub => Arithmetic::Sub,
            Binary::Mul => Arithmetic::Mul,
            Binary::Div => Arithmetic::Div,
            _ => return false,
        };
        let y = self.items.shape(item.outputs[0]);
        let (a, b) = (self.get(a), self.get(b));
        if a.shape == y && b.shape == y {
            if op == Arithmetic::Add && self.residual(item, &a, &b) {
                return true;
            }
            let layout = if a.is_last() || b.is_last() { Layout::Last } else { Layout::Plain };
            let reads = vec![self.values.laid(&a, layout), self.values.laid(&b, layout)];
            self.make(item, Work::Arithmetic(op, Activation::None), reads, layout);
            return true;
        }
        let excites = |x: &Held, s: &Held| {
            y.len() > 2 && x.shape == y && s.shape.len() == y.len() && {
                let (of_x, of_s) = (image(&x.shape), image(&s.shape));
                of_s == [of_x[0], of_x[1], 1]
            }
        };
        if op == Arithmetic::Mul {
            for (x, s) in [(&a, &b), (&b, &a)] {
                if excites(x, s) {
                    let reads = vec![self.values.last(x), self.values.last(s)];
                    let work = Work::Excitation(y[0], Activation::None);
                    self.make(item, work, reads, Layout::Last);
                    return true;
                }
            }
        }
        false
    }

    /// A sum one side of which is a layer that can add the other before it writes its result.
    fn residual(&mut self, item: &Item<'_>, a: &Held, b: &Held) -> bool {
        let open = |values: &mut Values, held: &Held| {
            let at = values.sole(held)?;
            match &values.draft(at).work {
                Making::Dense(dense) => dense.is_open().then_some(at),
                Making::Work(_) => None,
            }
        };
        let of_a = open(&mut self.values, a).map(|at| (at, a, b));
        let of_b = open(&mut self.values, b).map(|at| (at, b, a));
        let Some((at, x, other)) = of_a.into_iter().chain(of_b).max_by_key(|(at, ..)| *at) else {
            return false;
        };
        let other = self.values.laid(other, x.layout);
        // The layer waits for the other side.
        let mut draft = self.values.drafts[at].take().expect("a step that values come from");
        if let Making::Dense(dense) = &mut draft.work {
            dense.has_residual = true;
        }
        draft.reads.push(other);
        self.values.push(draft);
        self.alias(item, x.clone());
        true
    }

    /// An operator on whole tensors.
    fn node(&mut self, item: &Item<'_>, op: &Op) {
        let layout = self.layout_of_node(item, op);
        let mut reads: Vec<Held> = Vec::new();
        let mut present = Vec::new();
        for id in &item.inputs {
            present.push(id.is_some());
            let Some(id) = id else { continue };
            let mut x = self.get(*id);
            if layout == Layout::Last {
                let rank = self.items.shape(item.outputs[0]).len();
                while x.shape.len() < rank {
                    x.shape.insert(0, 1);
                }
            }
            let x = self.values.laid(&x, layout);
            let mut x = self.values.tensor(&x);
            if reads.iter().any(|r| r.store == x.store && r.in_memory() != x.in_memory()) {
                x = self.values.copy(&x);
            }
            reads.push(x);
        }
        let facts: Vec<Option<&Fact>> =
            item.inputs.iter().map(|id| id.map(|id| self.items.fact(id))).collect();
        let in_place = present.first() == Some(&true) && op.operator().in_place(&facts);
        let mut writes = Vec::new();
        for id in &item.outputs {
            let (kind, shape) = (self.items.fact(*id).kind, self.items.shape(*id));
            let store = self.values.store(kind, &shape, Source::Step(0));
            let held = Held { store, shape, layout };
            writes.push(held.clone());
            self.set(*id, held);
        }
        let work = Making::Work(Work::Node(Box::new(op.clone()), present, in_place));
        self.values.push(Draft { work, reads, writes });
    }

    /// The layout that a node can work in as it stands.
    fn layout_of_node(&mut self, item: &Item<'_>, op: &Op) -> Layout {
        let shape = self.items.shape(item.outputs[0]);
        let pointwise = matches!(op, Op::Unary(_) | Op::Gelu(_) | Op::Clip(_));
        let broadcasts = matches!(op, Op::Binary(_));
        // Only floats can be put into another layout when somebody asks for them in one.
        let is_floats = self.items.fact(item.outputs[0]).kind == Kind::F32;
        if shape.len() < 3 || !(pointwise || broadcasts) || !is_floats {
            return Layout::Plain;
        }
        let mut is_last = false;
        for id in item.inputs.iter().flatten() {
            let is_constant = self.items.constant(*id).is_some();
            let x = self.get(*id);
            is_last |= x.is_last();
            let same_rank = x.shape.len() == shape.len() || is_constant && broadcasts;
            let is_single = x.shape.iter().product::<usize>() == 1;
            let is_floats = self.items.fact(*id).kind == Kind::F32;
            if !(is_single && pointwise || same_rank && is_floats) {
                return Layout::Plain;
            }
        }
        if is_last { Layout::Last } else { Layout::Plain }
    }
}
