import DVLADiagnostics
import DVLANumPyMessages

// Which keys an observation has.

extension NumPyMap {
  /// The value at a key; nil where it, or a map on the way to it, is not there.
  subscript(_ key: RobotKey) -> NumPyValue? {
    var value: NumPyValue = .map(self)
    for part in key.path {
      guard case .map(let map) = value, let next = map[part] else { return nil }
      value = next
    }
    return value
  }
}

extension Robot {
  /// Keys that a message of an error lists.
  private static let shownLimit = 8

  /// - Parameter hasDefault: whether the instruction may be missing.
  /// - Throws: `observation.key` with all keys that are missing and that the robot does not send;
  ///   `observation.kind` for another value where maps are inside each other.
  func checkKeys(of message: NumPyMap, hasDefault: Bool) throws(WeightsError) {
    let known = cameras.map(\.key) + state.map(\.key) + [instruction.key] + ignored
    var unknown: [String] = []
    try Self.collect(in: message, at: [], known: known, unknown: &unknown)
    var missing: [String] = []
    for camera in cameras where camera.isRequired && message[camera.key] == nil {
      missing.append(camera.key.name)
    }
    if missing.isEmpty, cameras.allSatisfy({ message[$0.key] == nil }) {
      missing.append(cameras[0].key.name)
    }
    for part in state where message[part.key] == nil { missing.append(part.key.name) }
    if !hasDefault, message[instruction.key] == nil { missing.append(instruction.key.name) }
    if missing.isEmpty, unknown.isEmpty { return }
    var problems: [String] = []
    if !missing.isEmpty { problems.append("lacks \(Self.list(missing))") }
    if !unknown.isEmpty { problems.append("has \(Self.list(unknown))") }
    let names = (cameras.map(\.key) + state.map(\.key) + [instruction.key]).map(\.name)
    throw WeightsError(
      .observationKey,
      "the observation " + problems.joined(separator: " and ")
        + "; the robot \(name.quoted) sends \(Self.list(names))")
  }

  /// Adds the names of values that lie at no known key.
  private static func collect(
    in map: NumPyMap, at path: [String], known: [RobotKey], unknown: inout [String]
  ) throws(WeightsError) {
    for entry in map.entries {
      let here = path + [entry.key]
      let inside = known.filter { $0.path.starts(with: here) }
      guard let first = inside.first else {
        unknown.append(here.joined(separator: "/"))
        continue
      }
      if first.path.count == here.count { continue }
      // Known keys are no deeper than their limit, and so is this.
      guard case .map(let next) = entry.value else {
        throw WeightsError(
          .observationKind,
          "\(here.joined(separator: "/").quoted): expected a map with "
            + "\(list(inside.map { $0.path[here.count] })), found \(entry.value.summary)")
      }
      try collect(in: next, at: here, known: inside, unknown: &unknown)
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(shownLimit).map(\.quoted).joined(separator: ", ")
    return names.count > shownLimit ? "\(shown) and \(names.count - shownLimit) more" : shown
  }
}
