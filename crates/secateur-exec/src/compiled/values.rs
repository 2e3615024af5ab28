//! Values of a network that is being compiled, and the steps that make them.

use std::collections::HashMap;
use std::sync::Arc;

use secateur_graph::Kind;
use secateur_tensor::Tensor;
use secateur_tensor::kernels;

use super::dense::Dense;
use super::step::Work;

/// The order in which axes lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// As the graph has them.
    Plain,
    /// Channels, axis 1, last.
    Last,
}

/// A value: a shape over stored numbers.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) store: usize,
    /// As the graph has it.
    pub(super) shape: Vec<usize>,
    pub(super) layout: Layout,
}

/// Where numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Step(usize),
    Constant(usize),
    Input(usize),
}

/// Numbers that values are seen in.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pub(super) kind: Kind,
    pub(super) len: usize,
    pub(super) source: Source,
    /// Whether some step needs a tensor.
    pub(super) own: bool,
    /// Times that the graph reads them, under whatever shape.
    pub(super) reads: usize,
}

/// A step that may still take in what follows it.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) work: Making,
    pub(super) reads: Vec<Held>,
    pub(super) writes: Vec<Held>,
}

#[derive(Debug)]
pub(super) enum Making {
    Dense(Box<Dense>),
    Work(Work),
}

/// The values and steps so far.
#[derive(Default)]
pub(super) struct Values {
    pub(super) stores: Vec<Store>,
    pub(super) drafts: Vec<Option<Draft>>,
    pub(super) constants: Vec<Arc<Tensor>>,
    /// Numbers in the other layout.
    turned: HashMap<usize, Held>,
}

/// Batch, channels and pixels of a shape.
pub(super) fn image(shape: &[usize]) -> [usize; 3] {
    [shape[0], shape[1], shape[2..].iter().product()]
}

impl Held {
    /// Axes in the order in which they lie in memory.
    pub(super) fn in_memory(&self) -> Vec<usize> {
        let mut shape = self.shape.clone();
        if self.layout == Layout::Last && shape.len() > 2 {
            shape[1..].rotate_left(1);
        }
        shape
    }

    /// Whether numbers lie the same way in both layouts.
    pub(super) fn is_flat(&self) -> bool {
        self.shape.len() < 3 || {
            let [_, channels, pixels] = image(&self.shape);
            channels == 1 || pixels == 1
        }
    }

    pub(super) fn is_last(&self) -> bool {
        self.layout == Layout::Last && !self.is_flat()
    }

    /// Whether another is seen in the same way.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        (&self.shape, self.layout) == (&other.shape, other.layout)
    }

    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Values {
    /// New numbers that are not yet made.
    pub(super) fn store(&mut self, kind: Kind, shape: &[usize], source: Source) -> usize {
        let len = shape.iter().product();
        self.stores.push(Store { kind, len, source, own: kind != Kind::F32, reads: 0 });
        self.stores.len() - 1
    }

    pub(super) fn constant(&mut self, kind: Kind, tensor: Arc<Tensor>) -> Held {
        let shape = tensor.shape().to_vec();
        self.constants.push(tensor);
        let store = self.store(kind, &shape, Source::Constant(self.constants.len() - 1));
        Held { store, shape, layout: Layout::Plain }
    }

    /// The constant that a source is.
    pub(super) fn constant_of(&self, source: Source) -> Option<Arc<Tensor>> {
        match source {
            Source::Constant(at) => Some(self.constants[at].clone()),
            Source::Step(_) | Source::Input(_) => None,
        }
    }

    /// Adds a step that makes one value.
    pub(super) fn add(
        &mut self,
        work: Making,
        reads: Vec<Held>,
        shape: Vec<usize>,
        layout: Layout,
    ) -> Held {
        let store = self.store(Kind::F32, &shape, Source::Step(self.drafts.len()));
        let held = Held { store, shape, layout };
        self.push(Draft { work, reads, writes: vec![held.clone()] });
        held
    }

    /// Adds a step whose results are known.
    pub(super) fn push(&mut self, draft: Draft) {
        if let Making::Work(work) = &draft.work
            && work.is_of_tensors()
        {
            for held in draft.reads.iter().chain(&draft.writes) {
                self.stores[held.store].own = true;
            }
        }
        for held in &draft.writes {
            self.stores[held.store].source = Source::Step(self.drafts.len());
        }
        self.drafts.push(Some(draft));
    }

    /// The step that makes a value which the graph reads once.
    pub(super) fn sole(&self, held: &Held) -> Option<usize> {
        let store = &self.stores[held.store];
        match store.source {
            Source::Step(at) if store.reads == 1 => Some(at),
            Source::Step(_) | Source::Constant(_) | Source::Input(_) => None,
        }
    }

    pub(super) fn draft(&mut self, at: usize) -> &mut Draft {
        self.drafts[at].as_mut().expect("a step that values come from")
    }

    /// A value with its axes as the graph has them.
    pub(super) fn plain(&mut self, held: &Held) -> Held {
        self.laid(held, Layout::Plain)
    }

    /// A value with channels last.
    pub(super) fn last(&mut self, held: &Held) -> Held {
        self.laid(held, Layout::Last)
    }

    /// A value in a layout.
    pub(super) fn laid(&mut self, held: &Held, layout: Layout) -> Held {
        if held.layout == layout || held.is_flat() {
            return Held { layout, ..held.clone() };
        }
        if let Some(turned) = self.turned.get(&held.store)
            && turned.shape == held.shape
        {
            return turned.clone();
        }
        let sizes = image(&held.shape);
        let turned = if let Source::Constant(at) = self.stores[held.store].source {
            let x = self.constants[at].as_f32();
            let mut y = vec![0.0; x.len()];
            let turn =
                if layout == Layout::Last { kernels::to_channels_last } else { kernels::to_plain };
            turn(x, sizes[0], sizes[1], sizes[2], &mut y);
            let kind = self.stores[held.store].kind;
            let mut shape = Held { layout, ..held.clone() }.in_memory();
            let constant =
                self.constant(kind, Arc::new(Tensor::f32(std::mem::take(&mut shape), y)));
            Held { layout, shape: held.shape.clone(), ..constant }
        } else {
            let work = match layout {
                Layout::Last => Work::ToLast(sizes),
                Layout::Plain => Work::ToPlain(sizes),
            };
            self.add(Making::Work(work), vec![held.clone()], held.shape.clone(), layout)
        };
        self.turned.insert(held.store, turned.clone());
        turned
    }

    /// A value as a tensor of its own, of the shape in which it lies.
    pub(super) fn tensor(&mut self, held: &Held) -> Held {
        let shape = held.in_memory();
        match self.stores[held.store].source {
            Source::Step(_) => held.clone(),
            Source::Constant(at) if self.constants[at].shape() == shape => held.clone(),
            Source::Constant(at) => {
                let tensor = (*self.constants[at]).clone().reshaped(shape);
                let constant = self.constant(self.stores[held.store].kind, Arc::new(tensor));
                Held { shape: held.shape.clone(), layout: held.layout, ..constant }
            }
            Source::Input(_) => self.copy(held),
        }
    }

    /// A copy of a value, as a tensor.
    pub(super) fn copy(&mut self, held: &Held) -> Held {
        let kind = self.stores[held.store].kind;
        let store = self.store(kind, &held.shape, Source::Step(self.drafts.len()));
        let copy = Held { store, ..held.clone() };
        self.stores[store].own = true;
        let reads = vec![held.clone()];
        self.push(Draft { work: Making::Work(Work::Copy), reads, writes: vec![copy.clone()] });
        copy
    }
}
