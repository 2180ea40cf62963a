internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// LabelEncoder, CategoryMapper and OneHotEncoder.
enum Labels {
  static func encode(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    if context.opset < 2 { return [try enumerate(context, &attributes)] }
    let x = try context.operand(0, "X")
    let keys = try list("keys", context, &attributes)
    let values = try list("values", context, &attributes)
    guard let keys, let values else {
      throw .invalid("a list of keys and a list of values are required")
    }
    guard keys.count == values.count else {
      throw .invalid("\(keys.count) keys for \(values.count) values")
    }
    let given = context.opset >= 4 ? try attributes.tensor("default_tensor") : nil
    // The defaults of other types than the values' have no meaning.
    let text = try attributes.text("default_string") ?? "_Unused"
    let integer = try attributes.integer("default_int64", default: -1)
    let real = try attributes.real("default_float", default: -0.0)
    let fallback: HostTensor
    do {
      if let given {
        fallback = try given.reshaped([])
      } else {
        switch values.element.arithmetic {
        case .text: fallback = try HostTensor(texts: [text], shape: [])
        case .real: fallback = try .scalar(real, as: values.element)
        default:
          fallback = try HostTensor(values.element, shape: [], .signed([Int64(integer)]))
        }
      }
    } catch { throw .invalid("the default value is not one element of the values' type") }
    return [
      try context.one(
        LookUp(), x, try context.constant(keys), try context.constant(values),
        try context.constant(fallback))
    ]
  }

  /// The one of the lists `name_strings`, `name_int64s`, `name_floats` and `name_tensor` that is given.
  private static func list(
    _ name: String, _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> HostTensor? {
    do {
      if let values = try attributes.texts("\(name)_strings"), !values.isEmpty {
        return try HostTensor(texts: values, shape: [values.count])
      }
      if let values = try attributes.integers("\(name)_int64s"), !values.isEmpty {
        return try .vector(values)
      }
      if let values = try attributes.reals("\(name)_floats"), !values.isEmpty {
        return try HostTensor(.float32, shape: [values.count], .real(values))
      }
      if context.opset >= 4, let values = try attributes.tensor("\(name)_tensor") {
        return try values.reshaped([values.count])
      }
    } catch let error as ImportError { throw error } catch { throw .invalid("\(error)") }
    return nil
  }

  /// The first version: places in a list of strings, either way.
  private static func enumerate(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> ValueID {
    guard let classes = try attributes.texts("classes_strings") else {
      throw .invalid("it is required", .attribute("classes_strings"))
    }
    return try exchange(
      context, &attributes, texts: classes, numbers: Array(0..<classes.count))
  }

  static func categories(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    guard let texts = try attributes.texts("cats_strings"),
      let numbers = try attributes.integers("cats_int64s"), texts.count == numbers.count
    else { throw .invalid("cats_strings and cats_int64s must be as long as each other") }
    return [try exchange(context, &attributes, texts: texts, numbers: numbers)]
  }

  /// Maps strings to numbers or numbers to strings, as the input demands.
  private static func exchange(
    _ context: NodeContext, _ attributes: inout AttributeReader, texts: [String], numbers: [Int]
  ) throws(ImportError) -> ValueID {
    let x = try context.operand(0, "X")
    let text = try attributes.text("default_string") ?? "_Unused"
    let number = try attributes.integer("default_int64", default: -1)
    let names = try context.texts(texts)
    let codes = try context.vector(numbers)
    if context.element(x) == .string {
      return try context.one(LookUp(), x, names, codes, try context.integerScalar(number))
    }
    return try context.one(
      LookUp(), x, codes, names, try context.tensor(.string, [], .text([text])))
  }

  static func oneHot(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    var x = try context.operand(0, "X")
    let texts = try attributes.texts("cats_strings") ?? []
    let numbers = try attributes.integers("cats_int64s") ?? []
    guard texts.isEmpty || numbers.isEmpty else {
      throw .invalid("cats_strings and cats_int64s exclude each other")
    }
    let acceptsUnknown = try attributes.flag("zeros", default: true)
    let isText = context.element(x) == .string
    if !isText { x = try context.indices(x) }
    let keys = isText ? try context.texts(texts) : try context.vector(numbers)
    let places = try context.vector(Array(0..<(isText ? texts.count : numbers.count)))
    let index = try context.one(
      LookUp(), x, keys, places, acceptsUnknown ? try context.integerScalar(-1) : nil)
    let column = try context.one(Unsqueeze(), index, try context.vector([-1]))
    return [try context.cast(try context.binary(.equal, column, places), to: .float32)]
  }
}
