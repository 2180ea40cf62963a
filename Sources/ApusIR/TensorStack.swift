internal import ApusTensor

/// Collects tensors of one shape along a new axis.
struct TensorStack {
  /// The type of the whole.
  private let type: TensorType
  private let axis: Int
  private var parts: [HostTensor] = []

  init(_ type: TensorType, axis: Int = 0) {
    self.type = type
    self.axis = axis
  }

  /// Adds a tensor; `held` are the bytes of all stacks of a node.
  mutating func push(
    _ tensor: HostTensor, _ held: inout Int, _ context: EvaluationContext
  ) throws(EvaluationError) {
    if let first = parts.first, first.shape != tensor.shape {
      throw .value("the body gives \(tensor.shape) to stack onto \(first.shape)")
    }
    // The parts and the whole exist at once when they are joined.
    held &+= 2 * tensor.storedByteCount
    guard held <= context.memoryLimit else {
      throw .limit(
        "stacked results exceed the memory limit of \(context.memoryLimit) bytes; allow more with "
          + "--memPoolSize")
    }
    parts.append(tensor)
  }

  /// The whole; without parts an empty tensor, unknown extents as 0.
  func finish(reversed: Bool = false) throws(EvaluationError) -> HostTensor {
    guard let first = parts.first else {
      let extents = type.extents ?? [0]
      var shape = extents.map { $0.fixed ?? 0 }
      if !shape.isEmpty { shape[try normalized(axis, rank: shape.count)] = 0 }
      do { return try HostTensor(zeros: type.element, shape: shape) } catch { throw .tensor(error) }
    }
    let axis = try normalized(axis, rank: first.rank + 1)
    var shape = first.shape
    shape.insert(1, at: axis)
    var slices: [HostTensor] = []
    for part in reversed ? parts.reversed() : parts {
      do { slices.append(try part.reshaped(shape)) } catch { throw .tensor(error) }
    }
    let joined: [HostTensor?] = try Concat(axis: axis).evaluate(slices, [])
    return try joined.tensor(0)
  }
}
