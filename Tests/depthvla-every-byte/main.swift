import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLATensors
import Foundation

// depthvla-every-byte BUNDLE [PLACES]: changes a copy of the bundle, one byte at a time, and checks
// that `verify` finds each change and that no load gives a wrong tensor.
//
// Without PLACES: each byte to each of its 255 other values, and each truncation. With it: that
// many places, spread over the file, each with three values; the tensor of the place is loaded,
// and at one place in 50 the whole is verified and loaded.
guard (2...3).contains(CommandLine.arguments.count),
  CommandLine.arguments.count == 2 || Int(CommandLine.arguments[2]) != nil
else {
  FileHandle.standardError.write(Data("usage: depthvla-every-byte BUNDLE [PLACES]\n".utf8))
  exit(64)
}
let copy = FileManager.default.temporaryDirectory.appending(path: "every-byte-\(getpid())").path
try FileManager.default.copyItem(atPath: CommandLine.arguments[1], toPath: copy)
defer { try? FileManager.default.removeItem(atPath: copy) }
var trial = try DamageTrial(path: copy)
if CommandLine.arguments.count == 2 {
  try trial.tryEveryByte()
  try trial.tryEveryTruncation()
} else {
  try trial.trySample(Int(CommandLine.arguments[2]) ?? 0)
}
print(trial.report)
exit(trial.missed == 0 ? 0 : 1)
