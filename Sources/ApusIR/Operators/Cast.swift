package import ApusLoops
package import ApusTensor

/// How a number becomes a power of two.
package enum ScaleRounding: String, FieldKind {
  case up, down
  /// The nearest one; the middle goes up.
  case nearest
}

/// Converts every element to another type.
///
/// Operand `input`: anything. Floats round to nearest even, integers wrap, float to integer truncates;
/// `saturate` decides what becomes of values beyond a float8's range, `rounding` which power of two
/// stands for a number. Source: ONNX Cast-25.
package struct Cast: ElementwiseOperator {
  package static let name = "cast"
  package static let operandNames = ["input"]
  package static var fields: [Field<Self>] {
    [
      Field("element", \.element), Field("saturate", \.saturate), Field("rounding", \.rounding),
    ]
  }

  package var element: ElementType = .float32
  package var saturate = true
  /// For elements that are powers of two (float8e8m0).
  package var rounding = ScaleRounding.up

  package init() {}
  package init(
    to element: ElementType, saturate: Bool = true, rounding: ScaleRounding = .up
  ) {
    self.element = element
    self.saturate = saturate
    self.rounding = rounding
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let input = try operands.require(0)
    let type = TensorType(element, input.shape)
    return [Fact(type, contents: contents(input))]
  }

  /// Tracked contents, where all numbers fit the new type; lengths are taken to fit 32 bits.
  private func contents(_ input: Fact) -> [Extent]? {
    guard element == .int64 || element == .int32, input.element.isInteger,
      let contents = input.contents,
      element == .int64
        || contents.allSatisfy({ $0.fixed.map { Int32(exactly: $0) != nil } ?? true })
    else { return nil }
    return contents
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    if input.element == element { return [input] }
    let values = try input.decoded()
    if case .text(let texts) = values { return [try parse(texts, input.shape)] }
    if element == .string {
      return [try .make(.string, input.shape, .text(Self.print(values, input.element)))]
    }
    if !saturate, let format = element.floatFormat, element.bitWidth == 8 {
      let reals = try input.decodedReals()
      let bytes = reals.map { UInt8(truncatingIfNeeded: format.encode($0, saturating: false)) }
      do { return [try HostTensor(element, shape: input.shape, bytes: bytes)] } catch {
        throw .tensor(error)
      }
    }
    if element == .float8e8m0, !saturate || rounding != .up {
      let bytes = try input.decodedReals().map(power)
      do { return [try HostTensor(element, shape: input.shape, bytes: bytes)] } catch {
        throw .tensor(error)
      }
    }
    return [try .make(element, input.shape, values)]
  }

  /// The code of a power of two; 255 is not a number.
  private func power(_ value: Double) -> UInt8 {
    guard value.isFinite else { return 255 }
    guard value > 0 else { return saturate ? 0 : 255 }
    let goesUp: Bool
    switch rounding {
    case .up: goesUp = value.significand > 1
    case .down: goesUp = false
    case .nearest: goesUp = value.significand >= 1.5
    }
    let code = Int(value.exponent) + (goesUp ? 1 : 0) + 127
    return (0...254).contains(code) ? UInt8(code) : saturate ? (code < 0 ? 0 : 254) : 255
  }

  private func parse(_ texts: [String], _ shape: [Int]) throws(EvaluationError) -> HostTensor {
    switch element.arithmetic {
    case .real:
      var numbers: [Double] = []
      for text in texts {
        guard let number = Self.number(text) else {
          throw .unsupported("'\(text)' is not a number")
        }
        numbers.append(number)
      }
      return try .make(element, shape, .real(numbers))
    case .signed, .unsigned, .boolean:
      var numbers: [Int64] = []
      for text in texts {
        guard let number = Int64(text) else { throw .unsupported("'\(text)' is not an integer") }
        numbers.append(number)
      }
      return try .make(element, shape, .signed(numbers))
    case .text: return try .make(.string, shape, .text(texts))
    case .complex: throw .unsupported("cast from string to complex")
    }
  }

  /// Accepts what ONNX lists: decimal and exponent notation, and infinities and NaN in any case.
  private static func number(_ text: String) -> Double? {
    switch text.lowercased() {
    case "inf", "+inf", "infinity", "+infinity": .infinity
    case "-inf", "-infinity": -.infinity
    case "nan", "+nan", "-nan": .nan
    default: Double(text)
    }
  }

  private static func print(_ values: Elements, _ element: ElementType) -> [String] {
    switch values {
    case .real(let numbers):
      numbers.map { number in
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-INF" : "INF" }
        if number == number.rounded(), number.magnitude < 1e16 { return "\(Int64(number))" }
        return element == .float64 ? "\(number)" : "\(Float(number))"
      }
    case .signed(let numbers): numbers.map { "\($0)" }
    case .unsigned(let numbers): numbers.map { "\($0)" }
    case .boolean(let flags): flags.map { $0 ? "1" : "0" }
    case .text(let texts): texts
    case .complex(let numbers): numbers.map { "\($0.real)+\($0.imaginary)j" }
    }
  }

  package func lower(
    into builder: inout ProgramBuilder, operands: [Int], elements: [ElementType],
    result: ElementType
  ) -> Int? {
    guard let from = Program.Lane(for: elements[0]), let to = Program.Lane(for: element) else {
      return nil
    }
    if from == to {
      // A narrower type rounds or wraps when it is stored; staying in registers would lose that.
      if element == elements[0] { return operands[0] }
      return element == .float32 || element == .int64 ? operands[0] : nil
    }
    guard element == .float32 || element == .int64 || element == .bool else { return nil }
    return builder.emit(.convert(to, operands[0]))
  }
}
