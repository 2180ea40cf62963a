internal import ApusTensor

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
    /// In lower case, as it comes over the wire.
    package let header: String
    package let value: String
  }

  /// Why a call may not be made.
  package enum Refusal: Hashable, Sendable {
    /// It lacks this header, or the header has another value.
    case restricted(header: String)
    case tokenMissing
    case tokenUnknown
  }

  /// One restriction a group.
  package private(set) var restrictions: [EndpointGroup: Restriction] = [:]
  /// Tokens of which calls to a group must carry one, as `Authorization: Bearer TOKEN` or
  /// `X-API-Key: TOKEN`. Groups that are not named here are open.
  package var tokens: [EndpointGroup: [String]] = [:]

  /// What precedes a restriction's key in the header's name.
  private let headerPrefix: String

  package init(headerPrefix: String = "") { self.headerPrefix = headerPrefix }

  /// Whether everybody may call everything.
  package var isOpen: Bool { restrictions.isEmpty && tokens.isEmpty }

  /// Reads `GROUP,GROUP:KEY=VALUE`, as `--http-restricted-api` and `--grpc-restricted-protocol` have it; the
  /// header is the policy's prefix and the key. Throws where the text has another form, names a group that
  /// does not exist, or one that is restricted already.
  package mutating func restrict(_ text: String) throws(ServingError) {
    func failure(_ message: String) -> ServingError {
      ServingError(
        .invalidArgument, "\(message) in '\(text)'; the form is <group>,<group>:<key>=<value>")
    }
    guard let colon = text.firstIndex(of: ":") else { throw failure("no ':'") }
    let rule = text[text.index(after: colon)...]
    guard let equals = rule.firstIndex(of: "="), equals > rule.startIndex else {
      throw failure("no '<key>=<value>'")
    }
    let restriction = Restriction(
      header: headerPrefix + rule[..<equals].trimmed.lowercased(),
      value: String(rule[rule.index(after: equals)...]))
    for name in text[..<colon].split(separator: ",", omittingEmptySubsequences: false) {
      let name = name.trimmed
      guard let group = EndpointGroup(rawValue: name) else {
        let known = EndpointGroup.allCases.map(\.rawValue).sorted().joined(separator: ", ")
        throw failure("unknown group '\(name)' (there are \(known))")
      }
      guard restrictions[group] == nil else {
        throw failure("group '\(group.rawValue)' is restricted twice")
      }
      restrictions[group] = restriction
    }
  }

  /// Why a call to a group may not be made; nil where it may. `header` gives the value of a header by its
  /// name in lower case.
  package func refusal(of group: EndpointGroup, header: (String) -> String?) -> Refusal? {
    if let restriction = restrictions[group] {
      guard let value = header(restriction.header), Self.isSame(value, restriction.value) else {
        return .restricted(header: restriction.header)
      }
    }
    guard let tokens = tokens[group] else { return nil }
    guard let token = Self.token(header) else { return .tokenMissing }
    var isKnown = false
    for candidate in tokens where Self.isSame(candidate, token) { isKnown = true }
    return isKnown ? nil : .tokenUnknown
  }

  private static func token(_ header: (String) -> String?) -> String? {
    if let key = header("x-api-key") { return key.trimmed }
    guard let value = header("authorization")?.trimmed, value.utf8.count > 7,
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
