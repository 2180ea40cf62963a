/// The function min(max(scale * x + shift, lower), upper) of one value of a program, such as a clamp
/// or a hard sigmoid.
package struct BoundedLine: Hashable, Sendable {
  package var scale = 1.0
  package var shift = 0.0
  package var lower = -Double.infinity
  package var upper = Double.infinity

  /// Recognises what `value` is in terms of `source`; nil where it is no such function.
  package init?(_ value: Int, of source: Int, in program: Program) {
    // Deeper nests would be simpler by other names.
    self.init(value, of: source, in: program, depth: 6)
  }

  private init?(_ value: Int, of source: Int, in program: Program, depth: Int) {
    self.init()
    if value == source { return }
    guard value > source, depth > 0 else { return nil }
    func line(_ value: Int) -> BoundedLine? {
      BoundedLine(value, of: source, in: program, depth: depth - 1)
    }
    func apply(_ inner: Int, _ step: (inout BoundedLine) -> Void) -> BoundedLine? {
      guard var result = line(inner) else { return nil }
      step(&result)
      return result
    }
    let found: BoundedLine?
    switch program.instructions[value] {
    case .unary(.relu, let a): found = apply(a) { $0.raise(to: 0) }
    case .unary(.negate, let a): found = apply(a) { $0.multiply(by: -1) }
    case .binary(let function, let a, let b):
      switch (function, Self.constant(a, program), Self.constant(b, program)) {
      case (.add, let c?, nil): found = apply(b) { $0.add(c) }
      case (.add, nil, let c?): found = apply(a) { $0.add(c) }
      case (.subtract, nil, let c?): found = apply(a) { $0.add(-c) }
      case (.subtract, let c?, nil):
        found = apply(b) {
          $0.multiply(by: -1)
          $0.add(c)
        }
      case (.multiply, let c?, nil) where c != 0: found = apply(b) { $0.multiply(by: c) }
      case (.multiply, nil, let c?) where c != 0: found = apply(a) { $0.multiply(by: c) }
      case (.divide, nil, let c?) where c != 0: found = apply(a) { $0.multiply(by: 1 / c) }
      case (.maximum, let c?, nil): found = apply(b) { $0.raise(to: c) }
      case (.maximum, nil, let c?): found = apply(a) { $0.raise(to: c) }
      case (.minimum, let c?, nil): found = apply(b) { $0.cap(at: c) }
      case (.minimum, nil, let c?): found = apply(a) { $0.cap(at: c) }
      default: found = nil
      }
    default: found = nil
    }
    guard let found else { return nil }
    self = found
  }

  private init() {}

  /// A line g for which `value` is x * g(x), x being `source`; nil where there is none.
  package static func gate(_ value: Int, of source: Int, in program: Program) -> BoundedLine? {
    func factor(_ a: Int, _ b: Int) -> BoundedLine? {
      guard let plain = BoundedLine(a, of: source, in: program), plain.isProportional,
        var line = BoundedLine(b, of: source, in: program)
      else { return nil }
      line.multiply(by: plain.scale)
      return line
    }
    func scaled(_ a: Int, by factor: Double) -> BoundedLine? {
      guard a > source, factor != 0, var line = gate(a, of: source, in: program) else {
        return nil
      }
      line.multiply(by: factor)
      return line
    }
    guard value > source else { return nil }
    switch program.instructions[value] {
    case .binary(.multiply, let a, let b):
      if let c = constant(a, program) { return scaled(b, by: c) }
      if let c = constant(b, program) { return scaled(a, by: c) }
      return factor(a, b) ?? factor(b, a)
    case .binary(.divide, let a, let b):
      guard let c = constant(b, program), c != 0 else { return nil }
      return scaled(a, by: 1 / c)
    default: return nil
    }
  }

  /// Whether it is scale * x.
  private var isProportional: Bool { shift == 0 && !isBounded }

  /// Whether a bound is finite.
  package var isBounded: Bool { lower.isFinite || upper.isFinite }

  private static func constant(_ value: Int, _ program: Program) -> Double? {
    guard case .real(let number) = program.instructions[value], number.isFinite else { return nil }
    return number
  }

  private mutating func add(_ number: Double) {
    shift += number
    lower += number
    upper += number
  }

  private mutating func multiply(by factor: Double) {
    scale *= factor
    shift *= factor
    (lower, upper) =
      factor < 0 ? (upper * factor, lower * factor) : (lower * factor, upper * factor)
  }

  private mutating func raise(to number: Double) {
    lower = max(lower, number)
    upper = max(upper, number)
  }

  private mutating func cap(at number: Double) {
    lower = min(lower, number)
    upper = min(upper, number)
  }
}
