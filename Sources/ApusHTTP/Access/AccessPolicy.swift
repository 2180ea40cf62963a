#if Server
package import ApusServing
internal import NIOHTTP1

/// Endpoints that are allowed and refused together, by the names of Triton's restriction flags.
package enum EndpointGroup: String, CaseIterable, Hashable, Sendable {
  case health, metadata, inference, statistics, trace, logging
  case sharedMemory = "shared-memory"
  case modelConfig = "model-config"
  case modelRepository = "model-repository"
}

/// Who may use which endpoints.
package struct AccessPolicy: Sendable {
  /// A header that calls to a group must carry with this value.
  package struct Restriction: Hashable, Sendable {
    package let header: String
    package let value: String

    package init(header: String, value: String) {
      self.header = header
      self.value = value
    }
  }

  /// One restriction a group.
  package private(set) var restrictions: [EndpointGroup: Restriction] = [:]
  /// Tokens of which calls to a group must carry one, as `Authorization: Bearer TOKEN` or
  /// `X-API-Key: TOKEN`. Groups that are not named here are open.
  package var tokens: [EndpointGroup: [String]] = [:]

  package init() {}

  /// Reads `GROUP,GROUP:HEADER=VALUE`, as `--http-restricted-api` has it. Throws where it has another form,
  /// names a group that does not exist, or one that is restricted already.
  package mutating func restrict(_ text: String) throws(ServingError) {
    func failure(_ message: String) -> ServingError {
      ServingError(
        .invalidArgument, "\(message) in '\(text)'; the form is <group>,<group>:<header>=<value>")
    }
    guard let colon = text.firstIndex(of: ":") else { throw failure("no ':'") }
    let rule = text[text.index(after: colon)...]
    guard let equals = rule.firstIndex(of: "="), equals > rule.startIndex else {
      throw failure("no '<header>=<value>'")
    }
    let restriction = Restriction(
      header: rule[..<equals].trimmed, value: String(rule[rule.index(after: equals)...]))
    for name in text[..<colon].split(separator: ",", omittingEmptySubsequences: false) {
      guard let group = EndpointGroup(rawValue: name.trimmed) else {
        let known = EndpointGroup.allCases.map(\.rawValue).sorted().joined(separator: ", ")
        throw failure("unknown group '\(name.trimmed)' (there are \(known))")
      }
      guard restrictions[group] == nil else {
        throw failure("group '\(group.rawValue)' is restricted twice")
      }
      restrictions[group] = restriction
    }
  }

  /// The answer to a call that may not be made; nil where it may.
  func refusal(of group: EndpointGroup, _ headers: CallHeaders) -> HTTPAnswer? {
    if let restriction = restrictions[group] {
      let value = headers.all.first(name: restriction.header)
      guard let value, Self.isSame(value, restriction.value) else {
        return .error(
          .forbidden, "This API is restricted, expecting header '\(restriction.header)'")
      }
    }
    guard let tokens = tokens[group] else { return nil }
    guard let token = Self.token(headers) else {
      return .error(
        ServingError(
          .unauthorized,
          "This API asks for a token: 'Authorization: Bearer <token>' or 'X-API-Key: <token>'"))
    }
    var isKnown = false
    for candidate in tokens where Self.isSame(candidate, token) { isKnown = true }
    return isKnown
      ? nil : .error(ServingError(.unauthorized, "The token is not valid for this API"))
  }

  private static func token(_ headers: CallHeaders) -> String? {
    if let key = headers.apiKey { return key.trimmed }
    guard let value = headers.authorization?.trimmed, value.utf8.count > 7,
      value.prefix(7).lowercased() == "bearer "
    else { return nil }
    return value.dropFirst(7).trimmed
  }

  /// Compares in a time that tells nothing of where texts differ.
  private static func isSame(_ left: String, _ right: String) -> Bool {
    let left = Array(left.utf8)
    let right = Array(right.utf8)
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
#endif
