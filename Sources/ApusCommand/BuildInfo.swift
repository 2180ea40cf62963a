/// What a release build records about itself. Release scripts overwrite this file.
enum BuildInfo {
  static let commit = "unknown commit"
}
