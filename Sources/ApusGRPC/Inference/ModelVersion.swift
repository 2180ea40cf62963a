#if Server
internal import ApusServing

enum ModelVersion {
  /// A version as messages write it: empty for the newest.
  static func number(_ text: String) throws(ServingError) -> Int? {
    if text.isEmpty { return nil }
    guard let number = Int(text), number > 0 else {
      throw ServingError(
        .invalidArgument,
        "failed to get model version from specified version string '\(text.prefix(80))', version "
          + "should be an integral value > 0")
    }
    return number
  }
}
#endif
