#if Server
internal import ArgumentParser

/// A flag that takes `true` or `false`, as Triton's do.
struct Switch: ExpressibleByArgument {
  let isOn: Bool

  init(_ isOn: Bool) { self.isOn = isOn }

  init?(argument: String) {
    switch argument.lowercased() {
    case "true", "1", "on", "yes": isOn = true
    case "false", "0", "off", "no": isOn = false
    default: return nil
    }
  }

  var defaultValueDescription: String { isOn ? "true" : "false" }
  static let allValueStrings = ["true", "false"]
}
#endif
