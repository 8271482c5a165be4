public import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLANumPyFiles
import DVLATensors

/// A robot's state in a file of its own, in the robot's units.
public enum StateFile {
  /// Most values of a state.
  public static let maximumCount = 4096
  private static let maximumByteCount = 1 << 20

  /// Reads a JSON array of numbers, a JSON object `{"state": […]}`, or an array of NumPy (`.npy`)
  /// of float32 or float64 and shape [n] or [1, n]. The contents decide which of these it is.
  ///
  /// - Throws: `state.type`, `state.count`, `state.not-finite`; `file.*`, `json.*`, `npy.*`.
  public static func read(path: String) throws(WeightsError) -> [Double] {
    let contents = try readWholeFile(path: path, limit: maximumByteCount)
    return try inFile(path) { () throws(WeightsError) in
      let values =
        NPY.isNPY(contents) ? try array(NPYArray(contents)) : try json(StrictJSON.parse(contents))
      guard (1...maximumCount).contains(values.count) else {
        throw WeightsError(
          .stateCount, "expected 1 to \(maximumCount) values, found \(values.count)")
      }
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw WeightsError(
          .stateNotFinite, "value \(index): expected a finite number, found \(values[index])")
      }
      return values
    }
  }

  private static func array(_ array: NPYArray) throws(WeightsError) -> [Double] {
    guard array.shape.rank == 1 || array.shape.rank == 2 && array.shape[0] == 1 else {
      throw WeightsError(.stateType, "expected the shape [n] or [1, n], found \(array.shape)")
    }
    return array.values
  }

  private static func json(_ value: JSONValue) throws(WeightsError) -> [Double] {
    var list = JSONReader(value)
    switch value {
    case .array: break
    case .object: list = try list.object(allowing: ["state"]).required("state")
    default:
      throw WeightsError(
        .stateType, "expected an array of numbers or an object with the key \"state\"")
    }
    var values: [Double] = []
    for element in try list.array() { values.append(try element.number()) }
    return values
  }
}

extension WeightsError.Code {
  /// A robot state that is no list of numbers.
  public static let stateType = Self("state.type")
  /// A robot state without values, or with more than a robot has.
  public static let stateCount = Self("state.count")
  /// A value of a robot state that is NaN or an infinity.
  public static let stateNotFinite = Self("state.not-finite")
}
