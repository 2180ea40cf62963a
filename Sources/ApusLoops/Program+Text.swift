internal import ApusTensor

extension Program: CustomStringConvertible {
  /// One line: operand types, instructions, outputs, such as
  /// `(f32, f32) { operand 0; operand 1; add 0 1; relu 2 } -> 3:f32`.
  package var description: String {
    let code = instructions.map { instruction in
      switch instruction {
      case .operand(let index): "operand \(index)"
      case .real(let value): "real \(value)"
      case .integer(let value): "integer \(value)"
      case .boolean(let value): "boolean \(value)"
      case .unary(let function, let a): "\(function.rawValue) \(a)"
      case .binary(let function, let a, let b): "\(function.rawValue) \(a) \(b)"
      case .select(let a, let b, let c): "select \(a) \(b) \(c)"
      case .convert(let lane, let a): "convert \(lane.rawValue) \(a)"
      case .narrow(let element, let a): "narrow \(element.name) \(a)"
      }
    }
    let results = outputs.map { "\($0.value):\($0.element.name)" }
    return "(" + operands.map(\.name).joined(separator: ", ") + ") { "
      + code.joined(separator: "; ") + " } -> " + results.joined(separator: ", ")
  }

  /// Parses what `description` prints.
  package init(text: String) throws(ProgramError) {
    let whole = text.utf8.split(separator: UInt8(ascii: "{"), maxSplits: 1)
    guard whole.count == 2 else { throw .syntax("expected '{'") }
    let rest = whole[1].split(separator: UInt8(ascii: "}"), maxSplits: 1)
    guard rest.count == 2 else { throw .syntax("expected '}'") }
    func words(_ text: Substring.UTF8View, _ separators: [Character]) -> [Substring] {
      Substring(text).split { separators.contains($0) }
    }
    var operands: [ElementType] = []
    for name in words(whole[0], ["(", ")", ",", " "]) {
      guard let element = ElementType(name: String(name)) else {
        throw .syntax("unknown element type '\(name)'")
      }
      operands.append(element)
    }
    var instructions: [Instruction] = []
    for line in words(rest[0], [";"]) {
      let parts = line.split(separator: " ")
      if parts.isEmpty { continue }
      instructions.append(try Self.instruction(parts))
    }
    var outputs: [Output] = []
    for word in words(rest[1], ["-", ">", " ", ","]) {
      let parts = word.split(separator: ":")
      guard parts.count == 2, let value = Int(parts[0]),
        let element = ElementType(name: String(parts[1]))
      else { throw .syntax("bad output '\(word)'") }
      outputs.append(Output(value: value, element: element))
    }
    try self.init(operands: operands, instructions: instructions, outputs: outputs)
  }

  private static func instruction(_ parts: [Substring]) throws(ProgramError) -> Instruction {
    let name = String(parts[0])
    func integer(_ index: Int) throws(ProgramError) -> Int {
      guard index < parts.count, let value = Int(parts[index]) else {
        throw .syntax("'\(name)' needs a number as operand \(index)")
      }
      return value
    }
    switch name {
    case "operand": return .operand(try integer(1))
    case "real":
      guard parts.count == 2, let value = Double(parts[1]) else { throw .syntax("bad real") }
      return .real(value)
    case "integer":
      guard parts.count == 2, let value = Int64(parts[1]) else { throw .syntax("bad integer") }
      return .integer(value)
    case "boolean":
      guard parts.count == 2, let value = Bool(String(parts[1])) else {
        throw .syntax("bad boolean")
      }
      return .boolean(value)
    case "select": return .select(try integer(1), try integer(2), try integer(3))
    case "convert":
      guard parts.count == 3, let lane = Lane(rawValue: String(parts[1])) else {
        throw .syntax("bad lane")
      }
      return .convert(lane, try integer(2))
    case "narrow":
      guard parts.count == 3, let element = ElementType(name: String(parts[1])) else {
        throw .syntax("bad element type")
      }
      return .narrow(element, try integer(2))
    default:
      if let function = UnaryFunction(rawValue: name) { return .unary(function, try integer(1)) }
      if let function = BinaryFunction(rawValue: name) {
        return .binary(function, try integer(1), try integer(2))
      }
      throw .syntax("unknown instruction '\(name)'")
    }
  }
}
