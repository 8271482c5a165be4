import DVLADiagnostics
import DVLAJSON
import DVLARemapping
import DVLASafetensors
import DVLATensors

/// Every tensor of a checkpoint to be written, its file, and the documents beside it.
struct ExportPlan {
  struct Tensor: Sendable {
    let info: TensorInfo
    let content: Content
    /// Index of the file.
    var file: Int
    /// The tensor before this one that the library keeps in the same memory.
    var tiedTo: TensorName?
  }

  enum Content: Sendable {
    /// Output of a transform over full-precision tensors of the bundle.
    case transformed(inputs: [TensorName], transform: Transform, output: Int)
    /// The same over tensors as the bundle stores them: INT8 values, or scales.
    case moved(inputs: [TensorName], transform: Transform, output: Int)
    /// The stored bytes of a tensor of the bundle.
    case stored(TensorName)
    case zeros
  }

  struct File {
    let name: String
    let metadata: [(key: String, value: String)]?
  }

  var family: String
  var naming: String
  var tensors: [Tensor]
  var files: [File]
  var config: JSONValue?
  /// Whether an index names the file of each tensor.
  var hasIndex: Bool
  var int8Count = 0
  var dequantizedCount = 0
  var notes: [String] = []

  /// `model.safetensors.index.json`, as transformers writes it.
  var index: JSONValue {
    let total = tensors.reduce(0) { $0 + $1.info.byteCount }
    let map = tensors.sorted { $0.info.name < $1.info.name }.map {
      ($0.info.name.string, JSONValue.string(files[$0.file].name))
    }
    return .object(
      JSONObject([
        ("metadata", ["total_size": .integer(Int64(total))]),
        ("weight_map", .object(JSONObject(map))),
      ]))
  }
}
