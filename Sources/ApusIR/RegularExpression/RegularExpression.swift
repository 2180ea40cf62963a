/// A compiled pattern of RE2's syntax.
///
/// The pattern becomes a nondeterministic automaton (Thompson, "Regular Expression Search
/// Algorithm", 1968) whose states are advanced together, so that the time is the length of the text
/// times the size of the automaton, whatever the pattern.
package struct RegularExpression: Sendable {
  enum Instruction: Sendable {
    case scalar(UInt32)
    case set(Int)
    case any
    case anyButNewline
    case assertion(PatternAssertion)
    /// Goes on at both places, the first of which is preferred.
    case split(Int, Int)
    case jump(Int)
    case match
  }

  /// The most instructions that a pattern may take.
  package static let sizeLimit = 1 << 16

  private var instructions: [Instruction] = []
  private var sets: [ScalarSet] = []

  package init(_ pattern: String) throws(RegularExpressionError) {
    let tree = try PatternParser.parse(pattern)
    guard let size = Self.size(of: tree), size < Self.sizeLimit else {
      throw .tooLarge("its repetitions take more than \(Self.sizeLimit) states")
    }
    compile(tree)
    instructions.append(.match)
  }

  /// The instructions that a tree takes; nil beyond the limit.
  private static func size(of node: PatternNode) -> Int? {
    var total: Int
    switch node {
    case .empty: total = 0
    case .scalar, .set, .any, .anyButNewline, .assertion: total = 1
    case .concatenation(let nodes), .alternation(let nodes):
      total = 2 * nodes.count
      for node in nodes {
        guard let size = size(of: node) else { return nil }
        total += size
        guard total <= sizeLimit else { return nil }
      }
    case .repetition(let node, let minimum, let maximum, _):
      guard let size = size(of: node) else { return nil }
      total = (size + 2) * (max(minimum, maximum ?? minimum) + 1)
    }
    return total <= sizeLimit ? total : nil
  }

  private mutating func compile(_ node: PatternNode) {
    switch node {
    case .empty: break
    case .scalar(let scalar): instructions.append(.scalar(scalar))
    case .set(let set):
      instructions.append(.set(sets.count))
      sets.append(set)
    case .any: instructions.append(.any)
    case .anyButNewline: instructions.append(.anyButNewline)
    case .assertion(let assertion): instructions.append(.assertion(assertion))
    case .concatenation(let nodes): for node in nodes { compile(node) }
    case .alternation(let nodes):
      var exits: [Int] = []
      for node in nodes.dropLast() {
        let split = instructions.count
        instructions.append(.split(split + 1, 0))
        compile(node)
        exits.append(instructions.count)
        instructions.append(.jump(0))
        instructions[split] = .split(split + 1, instructions.count)
      }
      if let last = nodes.last { compile(last) }
      for exit in exits { instructions[exit] = .jump(instructions.count) }
    case .repetition(let node, let minimum, let maximum, let isLazy):
      for _ in 0..<minimum { compile(node) }
      guard let maximum else {
        let split = instructions.count
        instructions.append(.split(split + 1, 0))
        compile(node)
        instructions.append(.jump(split))
        fork(split, isLazy)
        return
      }
      var splits: [Int] = []
      for _ in minimum..<maximum {
        splits.append(instructions.count)
        instructions.append(.split(0, 0))
        compile(node)
      }
      for split in splits { fork(split, isLazy) }
    }
  }

  /// Lets a repetition go on with its body or leave it for what comes next.
  private mutating func fork(_ split: Int, _ isLazy: Bool) {
    let end = instructions.count
    instructions[split] = isLazy ? .split(end, split + 1) : .split(split + 1, end)
  }

  /// Whether the pattern matches the whole text.
  package func matches(_ text: String) -> Bool {
    var states = StateSet(capacity: instructions.count)
    var next = StateSet(capacity: instructions.count)
    var stack: [Int] = []
    var previous: UInt32?
    var scalars = text.unicodeScalars.makeIterator()
    var upcoming = scalars.next()?.value
    enter(0, Position(before: nil, after: upcoming), &states, &stack)
    while let scalar = upcoming {
      previous = scalar
      upcoming = scalars.next()?.value
      let position = Position(before: previous, after: upcoming)
      next.removeAll()
      for state in states.members where accepts(instructions[state], scalar) {
        enter(state + 1, position, &next, &stack)
      }
      if next.members.isEmpty { return false }
      swap(&states, &next)
    }
    return states.contains(instructions.count - 1)
  }

  /// The first match from a place on: of those that start there, the one that the pattern prefers.
  package func firstMatch(in text: [UInt32], from start: Int) -> Range<Int>? {
    var states = StateSet(capacity: instructions.count)
    var next = StateSet(capacity: instructions.count)
    /// Where the match of each state began.
    var starts = [Int](repeating: 0, count: instructions.count)
    var nextStarts = starts
    var stack: [Int] = []
    var found: Range<Int>?
    var place = start
    func position(_ place: Int) -> Position {
      Position(
        before: place > 0 ? text[place - 1] : nil, after: place < text.count ? text[place] : nil)
    }
    while place <= text.count {
      if found == nil {
        let known = states.members.count
        enter(0, position(place), &states, &stack)
        for state in states.members[known...] { starts[state] = place }
      }
      next.removeAll()
      for state in states.members {
        if case .match = instructions[state] {
          // States behind this one are less preferred.
          found = starts[state]..<place
          break
        }
        guard place < text.count, accepts(instructions[state], text[place]) else { continue }
        let known = next.members.count
        enter(state + 1, position(place + 1), &next, &stack)
        for reached in next.members[known...] { nextStarts[reached] = starts[state] }
      }
      swap(&states, &next)
      swap(&starts, &nextStarts)
      if states.members.isEmpty, found != nil { return found }
      place += 1
    }
    return found
  }

  private func accepts(_ instruction: Instruction, _ scalar: UInt32) -> Bool {
    switch instruction {
    case .scalar(let expected): scalar == expected
    case .set(let index): sets[index].contains(scalar)
    case .any: true
    case .anyButNewline: scalar != 10
    case .assertion, .split, .jump, .match: false
    }
  }

  /// Adds a state and all that are reached from it without reading.
  private func enter(
    _ start: Int, _ position: Position, _ states: inout StateSet, _ stack: inout [Int]
  ) {
    stack.append(start)
    while let state = stack.popLast() {
      guard states.insert(state) else { continue }
      switch instructions[state] {
      case .jump(let target): stack.append(target)
      case .split(let first, let second):
        stack.append(second)
        stack.append(first)
      case .assertion(let assertion):
        if position.satisfies(assertion) { stack.append(state + 1) }
      case .scalar, .set, .any, .anyButNewline, .match: break
      }
    }
  }
}

/// The scalars around a position of a text; nil at its ends.
private struct Position {
  let before: UInt32?
  let after: UInt32?

  func satisfies(_ assertion: PatternAssertion) -> Bool {
    switch assertion {
    case .textStart: before == nil
    case .textEnd: after == nil
    case .lineStart: before == nil || before == 10
    case .lineEnd: after == nil || after == 10
    case .wordBoundary: isBoundary
    case .noWordBoundary: !isBoundary
    }
  }

  private var isBoundary: Bool { Self.isWord(before) != Self.isWord(after) }

  private static func isWord(_ scalar: UInt32?) -> Bool {
    guard let scalar else { return false }
    return switch scalar {
    case 48...57, 65...90, 95, 97...122: true
    default: false
    }
  }
}

/// A set of small integers that is cleared in constant time and keeps the order of insertion
/// (Briggs and Torczon, "An Efficient Representation for Sparse Sets", 1993).
private struct StateSet {
  private(set) var members: [Int] = []
  private var places: [Int]

  init(capacity: Int) { places = Array(repeating: 0, count: capacity) }

  func contains(_ value: Int) -> Bool {
    let place = places[value]
    return place < members.count && members[place] == value
  }

  /// False where the value was there already.
  mutating func insert(_ value: Int) -> Bool {
    guard !contains(value) else { return false }
    places[value] = members.count
    members.append(value)
    return true
  }

  mutating func removeAll() { members.removeAll(keepingCapacity: true) }
}
