package import Apus
package import ApusONNX
internal import ApusTensor

/// Values in Polygraphy's notation: `NAME:[1,3,224,224]:float32`, `NAME:auto:auto`, `NAME:auto`,
/// `NAME`. Shapes may also be written `1x3x224x224`; an extent may be a name, or `?` or -1 for one
/// that is not known. The name may hold colons.
package enum ValueNotation {
  package static func parse(_ text: String) throws(ApusError) -> ValueSpecification {
    var name = text[...]
    var item = ValueSpecification(name: "")
    var isTyped = false
    var isShaped = false
    // From the right, since names may hold colons.
    while !isShaped, let colon = name.lastIndex(of: ":") {
      let part = String(name[name.index(after: colon)...])
      if part == "auto" {
        if isTyped { isShaped = true }
        isTyped = true
      } else if !isTyped, let element = element(part) {
        item.element = element
        isTyped = true
      } else if let shape = shape(part) {
        item.shape = shape
        isShaped = true
      } else {
        break
      }
      name = name[..<colon]
    }
    item.name = unquoted(String(name))
    guard !item.name.isEmpty else {
      throw ApusError(
        .invalidInput, "cannot read '\(text)'",
        hint: "write NAME:[1,3,224,224]:float32 or NAME:auto")
    }
    return item
  }

  package static func parse(_ texts: [String]) throws(ApusError) -> [ValueSpecification] {
    var items: [ValueSpecification] = []
    for text in texts { items.append(try parse(text)) }
    return items
  }

  private static func unquoted(_ text: String) -> String {
    for quote in ["'", "\""]
    where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
      return String(text.dropFirst().dropLast())
    }
    return text
  }

  private static func shape(_ text: String) -> [ValueSpecification.Dimension]? {
    var parts: [Substring]
    if text.hasPrefix("["), text.hasSuffix("]") {
      let inner = text.dropFirst().dropLast()
      parts = inner.isEmpty ? [] : inner.split(separator: ",", omittingEmptySubsequences: false)
    } else {
      parts = text.split(separator: "x", omittingEmptySubsequences: false)
      guard parts.count > 1, parts.allSatisfy({ Int($0) != nil }) else { return nil }
    }
    var dimensions: [ValueSpecification.Dimension] = []
    for part in parts {
      let word = unquoted(part.trimmed)
      if let number = Int(word) {
        dimensions.append(number < 0 ? .unknown : .number(number))
      } else if word == "?" || word.isEmpty {
        guard !word.isEmpty else { return nil }
        dimensions.append(.unknown)
      } else {
        dimensions.append(.symbol(word))
      }
    }
    return dimensions
  }

  /// Element types by their NumPy and ONNX names, or in the short form.
  private static func element(_ text: String) -> ElementType? {
    switch text.lowercased() {
    case "float", "float32": .float32
    case "double", "float64": .float64
    case "half", "float16": .float16
    case "bfloat16": .bfloat16
    case "int8": .int8
    case "int16": .int16
    case "int32", "int": .int32
    case "int64", "long": .int64
    case "uint8": .uint8
    case "uint16": .uint16
    case "uint32": .uint32
    case "uint64": .uint64
    case "bool", "boolean": .bool
    case "string", "str", "object": .string
    case "complex64": .complex64
    case "complex128": .complex128
    case "int4": .int4
    case "uint4": .uint4
    case "float8e4m3fn": .float8e4m3fn
    case "float8e4m3fnuz": .float8e4m3fnuz
    case "float8e5m2": .float8e5m2
    case "float8e5m2fnuz": .float8e5m2fnuz
    case "float6e2m3": .float6e2m3
    case "float6e3m2": .float6e3m2
    case let name: ElementType(name: name)
    }
  }
}
