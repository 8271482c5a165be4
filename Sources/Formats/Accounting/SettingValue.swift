public import DVLAJSON

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
