//! The actions for the tests: the known ones, or a few of them if the crate is built without the
//! catalogue.

use iam_policy::ActionPattern;

pub(crate) fn named_by(pattern: &ActionPattern) -> Vec<String> {
    #[cfg(feature = "catalogue")]
    return iam_policy::catalogue::named_by(pattern);
    #[cfg(not(feature = "catalogue"))]
    [
        "iam:CreateRole",
        "iam:PassRole",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:ScheduleKeyDeletion",
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:DeleteObject",
        "s3:DeleteObjectTagging",
        "s3:GetBucketAcl",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
        "s3express:CreateBucket",
        "s3express:DeleteBucket",
        "sqs:DeleteMessage",
        "sqs:DeleteQueue",
        "sqs:SendMessage",
        "sts:AssumeRole",
        "sts:GetCallerIdentity",
    ]
    .into_iter()
    .filter(|action| pattern.matches(action))
    .map(str::to_owned)
    .collect()
}
