internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Reverse-mode differentiation of the graph imported so far: from a value back to others, one rule
/// an operation (Griewank & Walther, "Evaluating Derivatives", 2008).
struct Differentiation {
  private let context: NodeContext
  private var gradients: [ValueID: ValueID] = [:]

  init(_ context: NodeContext) { self.context = context }

  /// ∂Σy/∂x for each of `xs`; zeros where y does not depend on one.
  mutating func run(_ y: ValueID, _ xs: [ValueID]) throws(ImportError) -> [ValueID] {
    gradients[y] = try filled(1, like: y)
    let stops = Set(xs)
    let relevant = dependents(of: xs)
    for id in context.state.graph.order.reversed() {
      let node = context.state.graph[id]
      guard let result = node.results.first, let gradient = gradients[result],
        !stops.contains(result),
        node.operands.contains(where: { $0.map(relevant.contains) ?? false })
      else { continue }
      guard node.results.count == 1 else { throw unsupported(node) }
      try propagate(node, gradient, relevant)
    }
    var results: [ValueID] = []
    for x in xs {
      if let gradient = gradients[x] {
        results.append(gradient)
      } else {
        results.append(try filled(0, like: x))
      }
    }
    return results
  }

  /// The values that follow from some others, with them.
  private func dependents(of xs: [ValueID]) -> Set<ValueID> {
    var reached = Set(xs)
    for node in context.state.graph.nodes
    where node.operands.contains(where: { $0.map(reached.contains) ?? false }) {
      reached.formUnion(node.results)
    }
    return reached
  }

  private func unsupported(_ node: Node) -> ImportError {
    .unsupported("the derivative of '\(node.operation.name)' (node '\(node.name)')")
  }

  private func filled(_ value: Double, like x: ValueID) throws(ImportError) -> ValueID {
    let shape = try context.one(ShapeOf(), x)
    return try context.one(Expand(), try context.scalar(value, context.element(x)), shape)
  }

  private mutating func add(_ gradient: ValueID, to value: ValueID) throws(ImportError) {
    let fitted = try unbroadcast(gradient, like: value)
    if let known = gradients[value] {
      gradients[value] = try context.binary(.add, known, fitted)
    } else {
      gradients[value] = fitted
    }
  }

  /// Sums over the axes along which an operand was broadcast.
  private func unbroadcast(
    _ gradient: ValueID, like value: ValueID
  ) throws(ImportError) -> ValueID {
    let wanted = context.fact(value).type
    let found = context.fact(gradient).type
    if wanted.shape == found.shape { return gradient }
    guard let mine = wanted.extents, let theirs = found.extents, mine.count <= theirs.count else {
      throw .unsupported("a derivative through shapes that are not known")
    }
    let lead = theirs.count - mine.count
    var axes = Array(0..<lead)
    for (axis, extent) in mine.enumerated() where extent != theirs[lead + axis] {
      guard extent == .one else {
        throw .unsupported("a derivative through shapes that are not known")
      }
      axes.append(lead + axis)
    }
    let sum =
      axes.isEmpty
      ? gradient : try context.one(Reduce(.sum), gradient, try context.vector(axes))
    return try context.one(Reshape(allowZero: true), sum, try context.one(ShapeOf(), value))
  }

  private mutating func propagate(
    _ node: Node, _ gradient: ValueID, _ relevant: Set<ValueID>
  ) throws(ImportError) {
    let operands = node.operands.compactMap { $0 }
    guard let result = node.results.first, let x = operands.first else { throw unsupported(node) }
    func isWanted(_ index: Int) -> Bool { relevant.contains(operands[index]) }
    switch node.operation {
    case let binary as Binary:
      for (index, factor) in try factors(binary.function, operands, result, node).enumerated()
      where isWanted(index) {
        try add(try context.binary(.multiply, gradient, factor()), to: operands[index])
      }
    case let unary as Unary:
      try add(
        try context.binary(.multiply, gradient, try slope(unary.function, x, result, node)), to: x)
    case let product as MatMul where product == MatMul() && product.epilogue == nil:
      try propagate(product: operands, gradient, node, isWanted)
    case is Identity: try add(gradient, to: x)
    case is Reshape, is Squeeze, is Unsqueeze, is Flatten:
      try add(
        try context.one(Reshape(allowZero: true), gradient, try context.one(ShapeOf(), x)), to: x)
    case let transpose as Transpose:
      guard let rank = context.rank(x) else { throw unsupported(node) }
      let order =
        transpose.permutation.isEmpty ? Array((0..<rank).reversed()) : transpose.permutation
      var inverse = order
      for (position, axis) in order.enumerated() { inverse[axis] = position }
      try add(try context.one(Transpose(inverse), gradient), to: x)
    case let reduce as Reduce
    where reduce.keepDimensions && (reduce.kind == .sum || reduce.kind == .mean):
      let spread = try context.one(Expand(), gradient, try context.one(ShapeOf(), x))
      guard reduce.kind == .mean else { return try add(spread, to: x) }
      let ratio = try context.binary(.divide, try count(result), try count(x))
      try add(
        try context.binary(.multiply, spread, try context.cast(ratio, to: context.element(x))),
        to: x)
    default: throw unsupported(node)
    }
  }

  /// The number of elements, as a real scalar.
  private func count(_ value: ValueID) throws(ImportError) -> ValueID {
    let product = try context.one(
      Reduce(.product, keepDimensions: false), try context.one(ShapeOf(), value), nil)
    return try context.cast(product, to: .float64)
  }

  /// What the gradient is multiplied with for each operand.
  private func factors(
    _ function: BinaryFunction, _ operands: [ValueID], _ result: ValueID, _ node: Node
  ) throws(ImportError) -> [() throws(ImportError) -> ValueID] {
    let context = context
    let (a, b) = (operands[0], operands[1])
    let one = { () throws(ImportError) in try context.scalar(1, context.element(a)) }
    switch function {
    case .add: return [one, one]
    case .subtract:
      return [one, { () throws(ImportError) in try context.scalar(-1, context.element(a)) }]
    case .multiply: return [{ b }, { a }]
    case .divide:
      return [
        { () throws(ImportError) in try context.unary(.reciprocal, b) },
        { () throws(ImportError) in
          try context.unary(.negate, try context.binary(.divide, result, b))
        },
      ]
    case .power:
      return [
        { () throws(ImportError) in
          try context.binary(
            .multiply, b, try context.binary(.power, a, try context.binary(.subtract, b, 1)))
        },
        { () throws(ImportError) in
          try context.binary(.multiply, result, try context.unary(.log, a))
        },
      ]
    default: throw unsupported(node)
    }
  }

  /// The derivative of a smooth function, from its argument and its value.
  private func slope(
    _ function: UnaryFunction, _ x: ValueID, _ y: ValueID, _ node: Node
  ) throws(ImportError) -> ValueID {
    switch function {
    case .negate: return try context.scalar(-1, context.element(x))
    case .exp: return y
    case .log: return try context.unary(.reciprocal, x)
    case .sqrt: return try context.binary(.multiply, try context.unary(.reciprocal, y), 0.5)
    case .reciprocal: return try context.unary(.negate, try context.binary(.multiply, y, y))
    case .sin: return try context.unary(.cos, x)
    case .cos: return try context.unary(.negate, try context.unary(.sin, x))
    case .tanh:
      let square = try context.unary(.negate, try context.binary(.multiply, y, y))
      return try context.binary(.add, square, 1)
    case .sigmoid:
      let rest = try context.binary(.add, try context.unary(.negate, y), 1)
      return try context.binary(.multiply, y, rest)
    case .erf:
      let square = try context.unary(.negate, try context.binary(.multiply, x, x))
      return try context.binary(
        .multiply, try context.unary(.exp, square), 2 / Double.pi.squareRoot())
    default: throw unsupported(node)
    }
  }

  /// ∂A = G · Bᵀ and ∂B = Aᵀ · G.
  private mutating func propagate(
    product operands: [ValueID], _ gradient: ValueID, _ node: Node, _ isWanted: (Int) -> Bool
  ) throws(ImportError) {
    guard let left = context.rank(operands[0]), let right = context.rank(operands[1]), left >= 2,
      right >= 2
    else { throw unsupported(node) }
    func swapped(_ rank: Int) -> [Int] {
      Array(0..<(rank - 2)) + [rank - 1, rank - 2]
    }
    if isWanted(0) {
      let turned = try context.one(Transpose(swapped(right)), operands[1])
      try add(try context.one(MatMul(), gradient, turned), to: operands[0])
    }
    if isWanted(1) {
      let turned = try context.one(Transpose(swapped(left)), operands[0])
      try add(try context.one(MatMul(), turned, gradient), to: operands[1])
    }
  }
}

extension MatMul {
  fileprivate static func == (left: MatMul, right: MatMul) -> Bool { left.isEqual(to: right) }
}

/// Gradient of ai.onnx.preview.training.
enum Gradients {
  static func gradient(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let operands = try context.variadic()
    guard let xs = try attributes.texts("xs"), let y = try attributes.text("y") else {
      throw .invalid("it is required", .attribute("xs"))
    }
    let names = xs + (try attributes.texts("zs") ?? [])
    guard names.count == operands.count else {
      throw .invalid("\(operands.count) operands for \(names.count) names")
    }
    func value(_ name: String, _ attribute: String) throws(ImportError) -> ValueID {
      guard let value = context.scope.values[name] ?? nil else {
        throw .invalid("there is no value '\(name)' before this node", .attribute(attribute))
      }
      return value
    }
    for (name, operand) in zip(names, operands) {
      guard try value(name, "xs") == operand else {
        throw .unsupported(
          "a gradient at another place than that of '\(name)'", .operand(name))
      }
    }
    var differentiation = Differentiation(context)
    return try differentiation.run(try value(y, "y"), Array(operands.prefix(xs.count)))
  }
}
