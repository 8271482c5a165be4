public import DVLAJSON
public import DVLARemapping

extension Configuration {
  /// A configuration of what the user said.
  public init(settings: [(key: String, value: JSONValue)]) {
    self.init()
    for (key, value) in settings { set(key, value, origin: "--set") }
  }
}
