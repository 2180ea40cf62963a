internal import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusPlatform

/// What is known after a run whose plan has one segment that leaves nothing to the reference: all that another run of
/// the same shapes changes is where inputs and outputs lie.
struct DirectRun {
  private enum Output {
    /// Written by a kernel.
    case computed(slot: Int, TensorType, shape: [Int], byteCount: Int)
    /// A view of an input.
    case input(Int, TensorType, shape: [Int])
  }

  let segment: Segment
  let shapes: [[Int]]
  private let outputs: [Output]

  /// Nil where runs like it need more than that.
  init?(_ segment: Segment, _ graph: Graph, shapes: [[Int]]) {
    guard case .finished = segment.boundary else { return nil }
    for case .host in segment.work { return nil }
    let placed = Set(segment.placements.map(\.slot))
    var taken: Set<UInt32> = []
    var outputs: [Output] = []
    for output in graph.outputs {
      guard let slot = segment.state.denseSlot(output.value),
        let type = segment.state.facts[output.value]?.type, let shape = type.fixedShape,
        let byteCount = type.byteCount
      else { return nil }
      if slot >= 1, slot <= UInt32(shapes.count) {
        outputs.append(.input(Int(slot) - 1, type, shape: shape))
      } else if placed.contains(slot), taken.insert(slot).inserted {
        outputs.append(.computed(slot: Int(slot), type, shape: shape, byteCount: byteCount))
      } else {
        return nil
      }
    }
    self.segment = segment
    self.shapes = shapes
    self.outputs = outputs
  }

  func fits(_ inputs: [HostTensor]) -> Bool {
    guard inputs.count == shapes.count else { return false }
    for index in inputs.indices where inputs[index].shape != shapes[index] { return false }
    return true
  }

  /// Memory for the outputs, which the kernels' slots are pointed to.
  func makeOutputs(
    _ inputs: [HostTensor], _ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) throws(TensorError) -> [HostTensor] {
    var tensors: [HostTensor] = []
    tensors.reserveCapacity(outputs.count)
    for output in outputs {
      switch output {
      case .computed(let slot, let type, let shape, let byteCount):
        let storage = try Storage.uninitialized(byteCount: byteCount)
        unsafe slots[slot] = unsafe storage.address
        tensors.append(try HostTensor(type.element, shape: shape, storage: storage))
      case .input(let index, let type, let shape):
        // Who lent memory to the input may change it later.
        guard case .dense(let storage, let offset) = inputs[index].content, storage.isStable
        else {
          tensors.append(try inputs[index].copied().viewed(as: type.element, shape))
          continue
        }
        tensors.append(
          try HostTensor(type.element, shape: shape, storage: storage, byteOffset: offset))
      }
    }
    return tensors
  }
}

extension HostTensor {
  /// The bytes of a dense tensor as elements of another type and shape.
  fileprivate func viewed(
    as element: ElementType, _ shape: [Int]
  ) throws(TensorError) -> HostTensor {
    guard case .dense(let storage, let offset) = content else { return try reshaped(shape) }
    return try HostTensor(element, shape: shape, storage: storage, byteOffset: offset)
  }
}

extension Session {
  /// Runs inputs in the graph's order the short way; nil where it does not lead to the outputs.
  func runDirectly(
    _ inputs: [HostTensor], _ options: RunOptions
  ) throws(RuntimeError) -> [HostTensor]? {
    guard let direct, options.observer == nil, direct.fits(inputs) else { return nil }
    for index in inputs.indices where inputs[index].element != engine.inputs[index].type.element {
      // The long way says what is wrong.
      return nil
    }
    var dense: [HostTensor] = []
    dense.reserveCapacity(inputs.count)
    let outputs: [HostTensor]
    do throws(TensorError) {
      for (index, input) in inputs.enumerated() {
        let tensor = try input.densified()
        dense.append(tensor)
        unsafe slots[index + 1] = unsafe tensor.denseAddress
      }
      outputs = try unsafe direct.makeOutputs(dense, slots)
    } catch { throw .tensor(error) }
    resetStatus()
    try withExtendedLifetime(dense) { () throws(RuntimeError) in
      try execute(direct.segment, options)
    }
    return outputs
  }
}
