//! A network as steps, and a run of them.

use std::ops::Range;

use secateur_graph::NodeId;
use secateur_tensor::Tensor;
use secateur_tensor::kernels;
use secateur_tensor::tensor::Values;

use super::items::Items;
use super::lower::Lowering;
use super::memory::{Memory, Placed, place};
use super::step::{Place, Port, Step, Work};
use super::values::{Layout, image};

/// Steps over numbered places.
pub(super) struct Plan {
    placed: Placed,
}

/// What a run is given.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) tensors: &'a [&'a Tensor],
    /// Which part of the batch is run, where it is run in parts.
    pub(super) part: Option<usize>,
}

impl Plan {
    /// The steps of items.
    pub(super) fn of_items(items: &Items<'_>) -> Self {
        let (values, outputs) = Lowering::steps(items);
        Self { placed: place(values, &outputs) }
    }

    pub(super) fn memory(&self) -> Memory {
        Memory::new(self.placed.shared, &self.placed.own)
    }

    /// Values of shared memory.
    pub(super) fn shared(&self) -> usize {
        self.placed.shared
    }

    /// Computes all steps.
    pub(super) fn run(
        &self,
        inputs: Inputs<'_>,
        memory: &mut Memory,
        see: &mut (dyn FnMut(NodeId, &Tensor) + Send),
    ) {
        for step in &self.placed.steps {
            match &step.work {
                Work::Observe(node) => {
                    self.shape_tensors(step, memory);
                    see(*node, self.tensor(&step.reads[0], memory));
                }
                Work::Node(op, present, in_place) => {
                    self.shape_tensors(step, memory);
                    self.node(step, op.operator(), present, *in_place, memory);
                }
                work => self.step(step, work, inputs, memory),
            }
        }
    }

    /// A step over slices.
    fn step(&self, step: &Step, work: &Work, inputs: Inputs<'_>, memory: &mut Memory) {
        let y = &step.writes[0];
        let mut taken = None;
        if let Place::Own(at) = y.place {
            taken = memory.own[at].take();
        }
        let range = match y.place {
            Place::Shared(start) => start..start + y.len,
            _ => 0..0,
        };
        let Memory { shared, own } = memory;
        let (before, rest) = shared.split_at_mut(range.start);
        let (inside, after) = rest.split_at_mut(range.len());
        let values = Slices { plan: self, inputs, before, after, range, own };
        if let Some(tensor) = &mut taken
            && !matches!(tensor.values(), Values::F32(_))
        {
            // Only inputs of other kinds are copied.
            if let Place::Input(at) = step.reads[0].place {
                *tensor.values_mut() = inputs.tensors[at].values().clone();
            }
        } else {
            let target = match &mut taken {
                Some(tensor) => tensor.as_f32_mut(),
                None => inside,
            };
            if work.can_be_in_place() && !step.in_place {
                target.copy_from_slice(values.read(&step.reads[0]));
            }
            work.run(|at| values.read(&step.reads[at]), step.reads.len(), target);
        }
        if let (Place::Own(at), Some(tensor)) = (y.place, taken) {
            memory.own[at] = Some(tensor);
        }
    }

    /// Gives tensors that a step reads or writes the shapes it knows them under.
    #[expect(clippy::unused_self, reason = "it reads as the others do")]
    fn shape_tensors(&self, step: &Step, memory: &mut Memory) {
        let written = step.writes.iter().skip(usize::from(step.in_place));
        for port in step.reads.iter().chain(written) {
            if let Place::Own(at) = port.place
                && let Some(tensor) = memory.own[at].take_if(|t| t.shape() != port.shape)
            {
                memory.own[at] = Some(tensor.reshaped(port.shape.clone()));
            }
        }
    }

    fn tensor<'a>(&'a self, port: &Port, memory: &'a Memory) -> &'a Tensor {
        match port.place {
            Place::Own(at) => memory.own[at].as_ref().expect("a tensor that is not written to"),
            Place::Constant(at) => &self.placed.constants[at],
            Place::Shared(_) | Place::Input(_) => unreachable!("tensors have places of their own"),
        }
    }

    fn node(
        &self,
        step: &Step,
        operator: &dyn secateur_graph::Operator,
        present: &[bool],
        in_place: bool,
        memory: &mut Memory,
    ) {
        let own = |port: &Port| match port.place {
            Place::Own(at) => at,
            Place::Shared(_) | Place::Constant(_) | Place::Input(_) => {
                unreachable!("results of operators are tensors of their own")
            }
        };
        let mut outputs: Vec<Tensor> = Vec::with_capacity(step.writes.len());
        for (number, port) in step.writes.iter().enumerate() {
            let mut tensor = memory.own[own(port)].take().expect("one place for each output");
            if number == 0 && step.in_place {
                tensor = tensor.reshaped(port.shape.clone());
            } else if number == 0 && in_place {
                copy(self.tensor(&step.reads[0], memory), &mut tensor);
            }
            outputs.push(tensor);
        }
        let mut ports = step.reads.iter();
        let mut reads = Vec::with_capacity(present.len());
        for (at, is_there) in present.iter().enumerate() {
            let port = if *is_there { ports.next() } else { None };
            let port = port.filter(|_| !(in_place && at == 0));
            reads.push(port.map(|port| self.tensor(port, memory)));
        }
        operator.forward(&reads, &mut outputs);
        for (port, tensor) in step.writes.iter().zip(outputs) {
            memory.own[own(port)] = Some(tensor);
        }
    }

    /// Writes outputs as they are, each into values of its own; those of other kinds are
    /// given back by [`Plan::output`] alone.
    pub(super) fn write(&self, at: usize, inputs: Inputs<'_>, memory: &Memory, y: &mut [f32]) {
        let (port, held) = &self.placed.outputs[at];
        let values = Slices::all(self, inputs, memory);
        let x = values.read(port);
        if held.is_last() && held.layout == Layout::Last {
            let [batch, channels, pixels] = image(&held.shape);
            kernels::to_plain(x, batch, channels, pixels, y);
        } else {
            y.copy_from_slice(x);
        }
    }

    /// An output, plain.
    pub(super) fn output(&self, at: usize, inputs: Inputs<'_>, memory: &Memory) -> Tensor {
        let (port, held) = &self.placed.outputs[at];
        let tensor = match port.place {
            Place::Own(at) => memory.own[at].as_ref(),
            Place::Constant(at) => Some(&*self.placed.constants[at]),
            Place::Input(at) => Some(inputs.tensors[at]),
            Place::Shared(_) => None,
        };
        let is_f32 = |t: &&Tensor| matches!(t.values(), Values::F32(_));
        if let Some(tensor) = tensor.filter(|tensor| !is_f32(tensor)) {
            return tensor.clone().reshaped(held.shape.clone());
        }
        let mut y = vec![0.0; port.len];
        self.write(at, inputs, memory, &mut y);
        Tensor::f32(held.shape.clone(), y)
    }

    /// Names of the steps.
    #[cfg(test)]
    pub(super) fn names(&self) -> Vec<String> {
        let name = |step: &Step| {
            let work = format!("{:?}", step.work);
            work.split(['(', ' ']).next().unwrap_or_default().to_owned()
        };
        self.placed.steps.iter().map(name).collect()
    }

    pub(super) fn outputs(&self) -> usize {
        self.placed.outputs.len()
    }
}

/// Copies values into a tensor that holds as many.
fn copy(x: &Tensor, y: &mut Tensor) {
    match (x.values(), y.values_mut()) {
        (Values::F32(x), Values::F32(y)) => y.copy_from_slice(x),
        (x, y) => *y = x.clone(),
    }
}

/// What a step may read while it writes.
struct Slices<'a> {
    plan: &'a Plan,
    inputs: Inputs<'a>,
    before: &'a [f32],
    after: &'a [f32],
    /// What is written to of shared memory.
    range: Range<usize>,
    own: &'a [Option<Tensor>],
}

impl<'a> Slices<'a> {
    fn all(plan: &'a Plan, inputs: Inputs<'a>, memory: &'a Memory) -> Self {
        let Memory { shared, own } = memory;
        Self { plan, inputs, before: shared, after: &[], range: shared.len()..shared.len(), own }
    }

    fn read(&self, port: &Port) -> &'a [f32] {
        match port.place {
            Place::Shared(start) if start < self.range.start => {
                &self.before[start..start + port.len]
            }
            Place::Shared(start) => {
                let start = start - self.range.end;
                &self.after[start..start + port.len]
            }
            Place::Own(at) => {
                self.own[at].as_ref().expect("a tensor that is not written to").as_f32()
            }
            Place::Constant(at) => self.plan.placed.constants[at].as_f32(),
            Place::Input(at) => {
                let values = self.inputs.tensors[at].as_f32();
                let part = self.inputs.part.unwrap_or(0) * port.len;
                &values[part..part + port.len]
            }
        }
    }
}
