import DVLAJSON
import DVLARemapping
import DVLATensors

extension LedgerEntry {
  /// One line of the ledger that a bundle carries.
  ///
  /// - Parameter file: index of the file among the source's files.
  func json(file: Int) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("name", .string(tensor.name.string)), ("dtype", .string(tensor.dtype.rawValue)),
      ("shape", .array(tensor.shape.dimensions.map { .integer(Int64($0)) })),
      ("file", .integer(Int64(file))),
    ]
    switch fate {
    case .used(let names):
      members.append(("used", .array(names.map { .string($0.string) })))
    case .tied(let target, _, _): members.append(("tied", .string(target.string)))
    case .notTaken(let component): members.append(("not_taken", .string(component)))
    case .dropped(let reason, let kept):
      members.append(("dropped", .string(reason)))
      if let kept { members.append(("kept", .string(kept.string))) }
    }
    return .object(JSONObject(members))
  }
}

extension PlannedTensor {
  /// Where a bundle says a tensor came from.
  func sourceJSON(seed: UInt64?) -> JSONValue {
    var members: [(String, JSONValue)] = []
    switch origin {
    case .source(let source, let inputs, _, _):
      members.append(("source", .integer(Int64(source))))
      members.append(("tensors", .array(inputs.map { .string($0.string) })))
    case .initialised(let value, let reason):
      members.append(("initialised", value.json))
      if case .normal = value, let seed { members.append(("seed", .string(String(seed)))) }
      members.append(("reason", .string(reason)))
    }
    if let unusedReason { members.append(("unused", .string(unusedReason))) }
    return .object(JSONObject(members))
  }
}

extension InitialValue {
  var json: JSONValue {
    switch self {
    case .zeros: "zeros"
    case .ones: "ones"
    case .normal(let deviation): .object(JSONObject([("normal", .number(deviation))]))
    }
  }
}
