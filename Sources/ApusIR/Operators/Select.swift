package import ApusLoops
package import ApusTensor

/// Chooses per element: yᵢ = conditionᵢ ? thenᵢ : otherwiseᵢ, with broadcasting.
///
/// Operands `condition` (bool), `then` and `otherwise` (equal element types). Source: ONNX Where-16.
package struct Select: ElementwiseOperator {
  package static let name = "select"
  package static let operandNames = ["condition", "then", "otherwise"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...3)
    let condition = try operands.require(0, element: [.bool])
    let then = try operands.require(1)
    let otherwise = try operands.require(2, sameElementAs: 1)
    let shape = try broadcast(try broadcast(condition.shape, then.shape), otherwise.shape)
    let type = TensorType(then.element, shape)
    return [Fact(type, contents: contents(condition, then, otherwise, type))]
  }

  /// Follows shape arithmetic through a known condition.
  private func contents(
    _ condition: Fact, _ then: Fact, _ otherwise: Fact, _ type: TensorType
  ) -> [Extent]? {
    guard type.rank.map({ $0 <= 1 }) == true, let flags = try? condition.known?.booleans(),
      let a = then.contents, let b = otherwise.contents
    else { return nil }
    let count =
      [flags.count, a.count, b.count].contains(0) ? 0 : max(flags.count, a.count, b.count)
    guard [flags.count, a.count, b.count].allSatisfy({ $0 == count || $0 == 1 }) else { return nil }
    return (0..<count).map { index in
      flags[flags.count == 1 ? 0 : index]
        ? a[a.count == 1 ? 0 : index] : b[b.count == 1 ? 0 : index]
    }
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let condition = try operands.tensor(0)
    let then = try operands.tensor(1)
    let otherwise = try operands.tensor(2)
    let space = try BroadcastSpace([condition.shape, then.shape, otherwise.shape])
    let flags = try condition.decodedBooleans()
    func choose<T>(_ a: [T], _ b: [T]) -> [T] {
      var chosen: [T] = []
      chosen.reserveCapacity(space.count)
      var i = space.offsets(0)
      var j = space.offsets(1)
      var k = space.offsets(2)
      while let flag = i.next(), let x = j.next(), let y = k.next() {
        chosen.append(flags[flag] ? a[x] : b[y])
      }
      return chosen
    }
    let values: Elements
    switch (try then.decoded(), try otherwise.decoded()) {
    case (.real(let a), .real(let b)): values = .real(choose(a, b))
    case (.signed(let a), .signed(let b)): values = .signed(choose(a, b))
    case (.unsigned(let a), .unsigned(let b)): values = .unsigned(choose(a, b))
    case (.boolean(let a), .boolean(let b)): values = .boolean(choose(a, b))
    case (.text(let a), .text(let b)): values = .text(choose(a, b))
    case (.complex(let a), .complex(let b)): values = .complex(choose(a, b))
    default: throw .unsupported("select between different element types")
    }
    return [try .make(then.element, space.shape, values)]
  }

  package func lower(
    into builder: inout ProgramBuilder, operands: [Int], elements: [ElementType],
    result: ElementType
  ) -> Int? {
    guard Program.Lane(for: elements[1]) != nil else { return nil }
    return builder.emit(.select(operands[0], operands[1], operands[2]))
  }
}
