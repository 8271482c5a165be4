import DepthVLAWeights
import Diagnostics
import Remapping
import StrictJSON
import TensorCore

/// An inspection for a person and as a document.
struct InspectionReport {
  private let inspection: Inspection

  init(_ inspection: Inspection) { self.inspection = inspection }

  func words(listingTensors: Bool) -> String {
    var text = "\(inspection.path.escapedForTerminal): \(identity)\n"
    let files = inspection.files.count
    text +=
      "  \(inspection.tensors.count) tensors, \(Units.count(inspection.parameterCount)) "
      + "parameters, \(Units.bytes(inspection.byteCount)) in \(files) file\(files == 1 ? "" : "s")\n"
    for group in inspection.dtypes {
      text +=
        "  \(group.dtype.rawValue.padded(8)) \(Units.bytes(group.byteCount).leftPadded(9))  in "
        + "\(group.tensorCount) tensors\n"
    }
    if let problem = inspection.problem {
      text += "  \(problem.message)\n"
      for line in problem.details { text += "    \(line)\n" }
    }
    if listingTensors {
      for tensor in inspection.tensors {
        text +=
          "  \(tensor.dtype.rawValue.padded(8)) \(tensor.shape.description.padded(20)) "
          + "\(tensor.name.string.escapedForTerminal)\n"
      }
    }
    return text
  }

  private var identity: String {
    guard let family = inspection.family else { return "not recognised" }
    let variants =
      inspection.variants.isEmpty ? "" : " " + inspection.variants.joined(separator: ", ")
    switch inspection.kind {
    case .bundle: return "\(family)\(variants) bundle"
    case .checkpoint: return "\(family)\(variants), \(inspection.naming ?? "") naming"
    }
  }

  var json: JSONValue {
    .object(
      JSONObject([
        ("path", .string(inspection.path)), ("kind", .string(inspection.kind.rawValue)),
        ("family", inspection.family.map { .string($0) } ?? .null),
        ("naming", inspection.naming.map { .string($0) } ?? .null),
        ("variants", .array(inspection.variants.map { .string($0) })),
        ("configuration", inspection.configuration.json),
        ("parameters", .integer(Int64(inspection.parameterCount))),
        ("bytes", .integer(Int64(inspection.byteCount))),
        (
          "files",
          .array(
            inspection.files.map {
              ["name": .string($0.name), "bytes": .integer(Int64($0.byteCount))]
            })
        ),
        (
          "tensors",
          .array(
            inspection.tensors.map { tensor in
              [
                "name": .string(tensor.name.string), "dtype": .string(tensor.dtype.rawValue),
                "shape": .array(tensor.shape.dimensions.map { .integer(Int64($0)) }),
                "bytes": .integer(Int64(tensor.byteCount)),
              ]
            })
        ),
        ("problem", inspection.problem.map(Self.json) ?? .null),
      ]))
  }

  private static func json(_ error: WeightsError) -> JSONValue {
    [
      "code": .string(error.code.rawValue), "message": .string(error.message),
      "details": .array(error.details.map { .string($0) }),
    ]
  }
}
