import DVLADiagnostics
public import DVLAJSON

/// The forms in which a library accepts a value; a configuration keeps it in one.
enum SettingForm: String, Sendable {
  /// Unchanged.
  case plain
  /// One number, or a list of two equal ones: the side of a square.
  case side
  /// A whole number, or a list of whole numbers of which the first counts.
  case token

  /// - Throws: `document.setting`.
  func value(_ value: JSONValue, at place: String) throws(WeightsError) -> JSONValue {
    switch self {
    case .plain:
      guard value.object == nil else {
        throw WeightsError(.documentSetting, "\(place): expected a value, found an object")
      }
      return value
    case .side:
      guard let sides = value.array else { return value }
      guard let first = sides.first, sides.count == 2, first == sides[1], first.integer != nil
      else {
        throw WeightsError(
          .documentSetting,
          "\(place) is \(KeyEntry.shortened(value)); expected one number or two equal ones, as only "
            + "squares are computed")
      }
      return first
    case .token:
      guard let tokens = value.array else { return value }
      guard let first = tokens.first, tokens.allSatisfy({ $0.integer != nil }) else {
        throw WeightsError(
          .documentSetting,
          "\(place) is \(KeyEntry.shortened(value)); expected a token or a list of tokens")
      }
      return first
    }
  }
}

extension JSONValue {
  /// Equal as settings: 1 and 1.0 and true are the same number, as they are in Python.
  public func isSameSetting(as other: JSONValue) -> Bool {
    if let a = settingNumber, let b = other.settingNumber { return a == b }
    if let a = array, let b = other.array {
      return a.count == b.count && zip(a, b).allSatisfy { $0.isSameSetting(as: $1) }
    }
    return self == other
  }

  private var settingNumber: Double? {
    if let flag = bool { return flag ? 1 : 0 }
    return number
  }
}
