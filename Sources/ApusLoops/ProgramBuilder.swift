package import ApusTensor

/// Assembles a program with value numbering, so equal subexpressions exist once.
package struct ProgramBuilder {
  package private(set) var operands: [ElementType]
  private var instructions: [Program.Instruction] = []
  private var known: [Program.Instruction: Int] = [:]

  package init(operands: [ElementType] = []) { self.operands = operands }

  /// Declares one more operand and returns its index.
  package mutating func addOperand(_ element: ElementType) -> Int {
    operands.append(element)
    return operands.count - 1
  }

  /// Appends an instruction, or returns the value that already computes it.
  @discardableResult
  package mutating func emit(_ instruction: Program.Instruction) -> Int {
    // Negative zero equals zero and is not the same number.
    if case .real(let number) = instruction, number.isZero, number.sign == .minus {
      instructions.append(instruction)
      return instructions.count - 1
    }
    if let value = known[instruction] { return value }
    instructions.append(instruction)
    known[instruction] = instructions.count - 1
    return instructions.count - 1
  }

  package mutating func operand(_ index: Int) -> Int { emit(.operand(index)) }

  package func instruction(_ value: Int) -> Program.Instruction { instructions[value] }

  /// Copies `program` in, with its operands replaced by values of this builder.
  /// Returns the values of its outputs.
  package mutating func inline(_ program: Program, operands values: [Int]) -> [Int] {
    var map: [Int] = []
    for instruction in program.instructions {
      if case .operand(let index) = instruction {
        map.append(values[index])
      } else {
        map.append(emit(instruction.mappingSources { map[$0] }))
      }
    }
    return program.outputs.map { map[$0.value] }
  }

  /// The finished program without the instructions that no output needs.
  package func finish(outputs: [Program.Output]) throws(ProgramError) -> Program {
    var needed = Set(outputs.map(\.value))
    for index in instructions.indices.reversed() where needed.contains(index) {
      needed.formUnion(instructions[index].sources)
    }
    var map: [Int: Int] = [:]
    var kept: [Program.Instruction] = []
    for index in instructions.indices where needed.contains(index) {
      map[index] = kept.count
      kept.append(instructions[index].mappingSources { map[$0] ?? -1 })
    }
    return try Program(
      operands: operands, instructions: kept,
      outputs: outputs.map { Program.Output(value: map[$0.value] ?? -1, element: $0.element) })
  }
}
