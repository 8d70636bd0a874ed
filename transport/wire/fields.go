package wire

import "math/bits"

// fields is a set of members of a request's d.
type fields uint64

const (
	fieldTenant fields = 1 << iota
	fieldToken
	fieldJWT
	fieldAnonymous
	fieldDevice
	fieldIntent
	fieldHave
	fieldSession
	fieldCmid
	fieldIdem
	fieldBody
	fieldText
	fieldDepartment
	fieldEpoch
	fieldSeq
	fieldIfSeq
	fieldBefore
	fieldLimit
	fieldOffer
	fieldTarget
	fieldVisibility
	fieldFile
	fieldFileName
	fieldSize
	fieldMime
	fieldSum
	fieldSet
	fieldBasis
	fieldResume
	fieldCount
	fieldGoal // target, of a transfer
	fieldMode
	fieldFallback
	fieldWait
	fieldNote
	fieldComment
	fieldForce
	fieldAs
	fieldHidden
	fieldChoice
	fieldPriority
	fieldSkills
	fieldWeight
	fieldTags
	fieldIfRev
	fieldFollowUp
	fieldScore
	fieldUntil
	fieldFor
	fieldDrain
	fieldDecision
	fieldWhom
	fieldReason
	fieldReasonCode
	fieldWrapUp
	fieldWatch
	fieldTopics
	fieldVisitor
	fieldDays
	fieldSubject
	fieldForm
	fieldOn // the last one
)

// fieldNames are the fields' names in the protocol, in the order of the constants above.
var fieldNames = [...]string{
	"tenant", "token", "jwt", "anonymous", "device", "intent", "have", "sid", "cmid", "idem", "body", "text",
	"department", "ep", "seq", "if_seq", "before_seq", "limit", "offer_id", "target", "visibility", "file_id", "name",
	"size", "mime", "sha256", "set", "lawful_basis", "resume_token", "n", "target", "mode", "on_unavailable", "wait_s",
	"note", "comment", "force", "as", "hidden", "choice", "priority", "skills", "weight", "tags", "if_rev",
	"follow_up_at", "score", "until", "for", "drain", "decision_seq", "operator", "reason", "reason_code", "wrapup",
	"watch", "topics", "visitor", "days", "subject", "form", "on",
}

// name is the name of a set of one.
func (f fields) name() string { return fieldNames[bits.TrailingZeros64(uint64(f))] }
