/// Versions as clients write them.
package enum ModelVersion {
  /// The version of a text; nil, the newest, where it is empty. Throws where it is no number from 1 on.
  package static func number(_ text: String) throws(ServingError) -> Int? {
    if text.isEmpty { return nil }
    guard let number = Int(text), number > 0 else {
      throw ServingError(
        .invalidArgument,
        "failed to get model version from specified version string '\(text.prefix(80))', version should "
          + "be an integral value > 0")
    }
    return number
  }
}
