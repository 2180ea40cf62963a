internal import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusPlatform

/// Nodes of a plan that the reference evaluates.
extension Session {
  func execute(_ step: Segment.HostStep, _ options: RunOptions) throws(RuntimeError) {
    let start = apus_clock_monotonic()
    let values = try evaluate(step).compactMap(\.tensor)
    for (index, value) in values.enumerated() where index < step.resultSlots.count {
      guard let target = unsafe slots[Int(step.resultSlots[index])] else { continue }
      unsafe value.withBytes { bytes in
        if let source = bytes.baseAddress {
          unsafe target.copyMemory(from: source, byteCount: bytes.count)
        }
      }
    }
    if options.isProfiled {
      profile.add(step.node.id, nanoseconds: apus_clock_monotonic() - start)
    }
    if let observer = options.observer {
      observer(step.node, try detached(values.map(HostValue.tensor)).compactMap(\.tensor))
    }
  }

  /// The values without views of the session's memory, which moves when it grows.
  func detached(_ values: [HostValue]) throws(RuntimeError) -> [HostValue] {
    do { return try HostValue.detached(values, from: self) } catch { throw .tensor(error) }
  }

  func evaluate(_ step: Segment.HostStep) throws(RuntimeError) -> [HostValue] {
    var operands: [HostValue?] = []
    for operand in step.operands {
      switch operand {
      case nil: operands.append(nil)
      case .known(let tensor): operands.append(.tensor(tensor))
      case .slot(let slot, let type): operands.append(.tensor(try view(slot, type)))
      case .hosted(let value): operands.append(hosted[value])
      }
    }
    let operation = step.node.operation
    let context = context.holding(hostedBytes)
    do throws(EvaluationError) {
      // The types of what is at hand say more than those of the plan.
      var types = step.results.map(ValueType.tensor)
      if operation is any ValueOperator || types.isEmpty {
        types = try Self.inferred(operation, operands)
      }
      if let type = context.excess(operands, types) {
        throw .limit(
          "\(type) exceeds the memory limit of \(memoryLimit) bytes; allow more with --memPoolSize")
      }
      let results = try operation.evaluate(any: operands, types, context)
      for result in results where !(result.tensor.map { $0.element != .string } ?? false) {
        hostedBytes &+= result.byteCount(without: operands)
      }
      return results
    } catch {
      throw error == .cancelled
        ? .cancelled : .evaluation(node: step.node.name, operation: operation.name, error)
    }
  }

  private static func inferred(
    _ operation: any Operator, _ operands: [HostValue?]
  ) throws(EvaluationError) -> [ValueType] {
    do {
      return try infer(operation, operands.map { $0.map(Fact.init(value:)) }).map(\.valueType)
    } catch { throw .type(error) }
  }

  /// A tensor over a slot's memory; it must not outlive the run.
  func view(_ slot: UInt32, _ type: TensorType) throws(RuntimeError) -> HostTensor {
    guard let address = unsafe slots[Int(slot)], let bytes = type.byteCount,
      let shape = type.fixedShape
    else { throw .tensor(.outOfMemory(byteCount: type.byteCount ?? 0)) }
    do {
      return try unsafe HostTensor(
        type.element, shape: shape,
        storage: .borrowing(mutable: address, byteCount: bytes, owner: self))
    } catch { throw .tensor(error) }
  }
}
