package import ApusTensor

/// Looks up every word of a vocabulary in a map.
///
/// Operands: `map`, from strings or int64 to scalars, and `vocabulary`, a vector of the keys' type. The
/// result [1, n] holds the value of each word, zero or an empty string for words that the map lacks.
/// Keys that are no words are left out. Source: ONNX-ML DictVectorizer-1.
package struct MapToVector: ValueOperator {
  package static let name = "map_to_vector"
  package static let operandNames = ["map", "vocabulary"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let (key, value) = try operands.requireMap(0)
    _ = try operands.require(1, element: [key])
    let vocabulary = try operands.require(1, rank: 1)
    return [Fact(value, [1, vocabulary.type.extents?[0] ?? .unknown])]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    let (keys, cells, element) = try operands.map(0)
    let vocabulary: HostTensor = try operands.tensor(1)
    var places: [LookUp.Key: Int] = [:]
    for (index, key) in try LookUp.keys(keys).enumerated() { places[key] = index }
    let words = try LookUp.keys(vocabulary)
    var result = try TensorAssembler(element, [1, words.count])
    let empty: HostTensor
    do { empty = try HostTensor(zeros: element, shape: [1]) } catch { throw .tensor(error) }
    for (index, word) in words.enumerated() {
      let source = try MovementSource(places[word].map { cells[$0] } ?? empty)
      try result.copyRun(1, from: source, at: 0, to: index)
    }
    return [.tensor(try result.finish())]
  }
}

extension Operands {
  /// The key type of a map operand, and the element type of the scalars that it holds.
  func requireMap(_ index: Int) throws(TypeError) -> (key: ElementType, value: ElementType) {
    let fact = try requireValue(index)
    guard case .map(let key, .tensor(let value)) = fact.valueType else {
      throw .kind(operand: name(index), found: fact.valueType, expected: "a map to scalars")
    }
    return (key, value.element)
  }
}

extension [HostValue?] {
  /// The keys and the one-element tensors of a map.
  func map(
    _ index: Int
  ) throws(EvaluationError) -> (keys: HostTensor, cells: [HostTensor], element: ElementType) {
    let value = try value(index)
    guard case .map(let keys, let values, .tensor(let type)) = value, keys.count == values.count
    else {
      throw .type(.kind(operand: "operand \(index)", found: value.type, expected: "a map"))
    }
    var cells: [HostTensor] = []
    for value in values {
      guard let tensor = value.tensor, tensor.count == 1, tensor.element == type.element else {
        throw .value("a map holds \(value.type) where one \(type.element.name) is needed")
      }
      cells.append(tensor)
    }
    return (keys, cells, type.element)
  }
}
