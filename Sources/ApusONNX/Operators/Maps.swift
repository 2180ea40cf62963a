internal import ApusIR
internal import ApusTensor

/// CastMap, DictVectorizer and ZipMap.
enum Maps {
  static func cast(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let element: ElementType = try attributes.choice(
      "cast_to", default: .float32,
      [("TO_FLOAT", .float32), ("TO_STRING", .string), ("TO_INT64", .int64)])
    let isSparse = try attributes.choice(
      "map_form", default: false, [("DENSE", false), ("SPARSE", true)])
    let width = try attributes.integer("max_map", default: 1)
    return [
      try context.one(
        MapToTensor(element: element, width: isSparse ? width : nil),
        try context.operand(0, "X"))
    ]
  }

  static func vectorize(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let texts = try attributes.texts("string_vocabulary") ?? []
    let numbers = try attributes.integers("int64_vocabulary") ?? []
    guard texts.isEmpty != numbers.isEmpty else {
      throw .invalid("one of string_vocabulary and int64_vocabulary is required")
    }
    return [
      try context.one(
        MapToVector(), try context.operand(0, "X"),
        texts.isEmpty ? try context.vector(numbers) : try context.texts(texts))
    ]
  }

  static func zip(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let labels = try ClassLabels(
      context, &attributes, texts: "classlabels_strings", integers: "classlabels_int64s")
    return [try context.one(MapRows(), try context.operand(0, "X"), labels.value)]
  }
}
