import DepthVLARuntime
import Foundation
import Images
import Models

// Its own Model and Album, Foundation's Bundle and Progress, and our library in one file.
let model = Model(fileName: "depth.dvla.safetensors")
let progress = Progress(totalUnitCount: Int64(Album.pictures.count))
let bundle = try WeightBundle(path: model.fileName)
let estimator = try DepthEstimator(bundle, on: Compute(threads: 1))
for picture in Album.pictures {
  let depth = try estimator(try ImageFile.read(path: picture))
  progress.completedUnitCount += 1
  let name = Bundle.main.bundleURL.lastPathComponent
  print("\(name): \(picture) is \(depth.minimum) to \(depth.maximum) away")
}
precondition(progress.isFinished)
