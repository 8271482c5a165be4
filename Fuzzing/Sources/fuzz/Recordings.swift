import DVLADiagnostics
import DVLAJSON
import DVLAObservations
import DVLATensors

extension FuzzTarget {
  /// Observations and answers in files.
  static let recordings = [
    FuzzTarget("recording") { (bytes) throws(WeightsError) in
      let observation = try ObservationFile.decode(bytes, file: "a.safetensors")
      demand((1...16).contains(observation.cameras.count), "1 to 16 cameras")
      for camera in observation.cameras {
        let picture = camera.picture
        demand(
          picture.pixels.count == 3 * picture.width * picture.height, "the pixels of a picture")
      }
      demand(observation.state.values.allSatisfy(\.isFinite), "finite numbers in a state")
      if let answer = observation.answer {
        demand(answer.modelActions.shape == observation.noise.shape, "an answer to the noise")
      }
      // The JSON texts may grow: their keys are sorted, and control characters are escaped.
      let written: [UInt8]
      do throws(WeightsError) { written = try ObservationFile.encode(observation) } catch {
        demand(error.code == .observationHeader, "too large a header at most: \(error)")
        return
      }
      let again = try ObservationFile.decode(written, file: "a.safetensors")
      let twice = try ObservationFile.encode(again)
      demand(twice == written, "the file that is written to say the same")
    },
    FuzzTarget("recording-index") { (bytes) throws(WeightsError) in
      let entries = try ObservationIndex.decode(bytes)
      demand(!entries.isEmpty, "an observation at least")
      for entry in entries {
        demand(!entry.file.contains("/") && !entry.file.hasPrefix("."), "a name that is no path")
      }
      let written = Array(ObservationIndex.encode(entries).utf8)
      let again = try ObservationIndex.decode(written)
      demand(again == entries, "the index that is written to say the same")
    },
  ]
}
