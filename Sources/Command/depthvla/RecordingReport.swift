import DVLADiagnostics
import DVLAJSON
import DVLAParity
import DVLATensors

/// What `parity --record` wrote.
struct RecordingReport {
  private let recording: GoldenRecorder.Recording
  private let golden: String

  init(_ recording: GoldenRecorder.Recording, golden: String) {
    self.recording = recording
    self.golden = golden
  }

  var words: String {
    let count = recording.stages.count
    return "wrote \(recording.path.escapedForTerminal): \(Units.bytes(recording.byteCount)), "
      + "\(count) \(count == 1 ? "stage" : "stages") from the inputs of "
      + "\(golden.escapedForTerminal)\n"
  }

  var json: JSONValue {
    [
      "path": .string(recording.path), "bytes": .integer(Int64(recording.byteCount)),
      "inputs": .string(golden),
      "stages": .array(
        recording.stages.map {
          [
            "name": .string($0.name),
            "shape": .array($0.shape.dimensions.map { .integer(Int64($0)) }),
          ]
        }),
    ]
  }
}
