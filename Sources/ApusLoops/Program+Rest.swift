extension Program {
  /// What is left to compute when one value is known already: a program that reads that value as its
  /// operand 0, and of each of its operands the index that it has here.
  ///
  /// Nil where what is left reads operand 0 of this program still, or does not need the value.
  package func rest(after value: Int) -> (program: Program, operands: [Int])? {
    guard instructions.indices.contains(value), operands.first == outputs.first?.element else {
      return nil
    }
    var needed = Set(outputs.map(\.value))
    guard needed.max().map({ $0 >= value }) ?? false else { return nil }
    for index in instructions.indices.reversed() where needed.contains(index) && index != value {
      needed.formUnion(instructions[index].sources)
    }
    guard needed.contains(value) else { return nil }
    var used = [0]
    var map: [Int: Int] = [:]
    var kept: [Instruction] = []
    for index in instructions.indices where needed.contains(index) {
      map[index] = kept.count
      if index == value {
        kept.append(.operand(0))
      } else if case .operand(let operand) = instructions[index] {
        guard operand > 0 else { return nil }
        if !used.contains(operand) { used.append(operand) }
        kept.append(.operand(used.firstIndex(of: operand) ?? 0))
      } else {
        kept.append(instructions[index].mappingSources { map[$0] ?? -1 })
      }
    }
    let results = outputs.map { Output(value: map[$0.value] ?? -1, element: $0.element) }
    guard
      let program = try? Program(
        operands: used.map { operands[$0] }, instructions: kept, outputs: results)
    else { return nil }
    return (program, used)
  }
}
